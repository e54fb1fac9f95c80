"""The tables, one module a noun. `storage/migrations` makes them; a test keeps the two equal."""

from storage.models.access import (
    AuditEntry,
    PasswordLink,
    RateBucket,
    RefreshToken,
    SigningKey,
    SignInThrottle,
    UserSession,
)
from storage.models.base import Base
from storage.models.directory import DirectorySchool
from storage.models.document import Document, DocumentPage, DocumentSchool
from storage.models.evidence import Evidence
from storage.models.export import ExportRecord
from storage.models.host import HostLease
from storage.models.job import Job, JobAttempt, JobEvent, PageVisit, Target, Worker
from storage.models.llm import LlmAnswer, LlmBudget, LlmCall
from storage.models.organization import ApiKey, Organization, User
from storage.models.page import KeptPage, PageBody
from storage.models.salesforce import PushBatch, PushRow, SalesforceConnection
from storage.models.saved_search import SavedSearch
from storage.models.schedule import Schedule, ScheduleFiring
from storage.models.school import School, SchoolLink, Website, WebsiteDecision
from storage.models.staff import (
    MailDomain,
    StaffAlias,
    StaffChange,
    StaffCorrection,
    StaffMember,
    StaffPost,
    Suppression,
)
from storage.models.webhook import Webhook, WebhookDelivery

__all__ = (
    "ApiKey",
    "AuditEntry",
    "Base",
    "DirectorySchool",
    "Document",
    "DocumentPage",
    "DocumentSchool",
    "Evidence",
    "ExportRecord",
    "HostLease",
    "Job",
    "JobAttempt",
    "JobEvent",
    "KeptPage",
    "LlmAnswer",
    "LlmBudget",
    "LlmCall",
    "MailDomain",
    "Organization",
    "PageBody",
    "PageVisit",
    "PasswordLink",
    "PushBatch",
    "PushRow",
    "RateBucket",
    "RefreshToken",
    "SalesforceConnection",
    "SavedSearch",
    "Schedule",
    "ScheduleFiring",
    "School",
    "SchoolLink",
    "SignInThrottle",
    "SigningKey",
    "StaffAlias",
    "StaffChange",
    "StaffCorrection",
    "StaffMember",
    "StaffPost",
    "Suppression",
    "Target",
    "User",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
    "Website",
    "WebsiteDecision",
    "Worker",
)
