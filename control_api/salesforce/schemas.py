"""Connections to Salesforce and what came of pushes, as they are asked for and shown. No secret is ever shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from control_api.salesforce.client import LoginMethod
from control_api.salesforce.mapping import DEFAULT_KEY_FIELD

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S", description="A name of your own.")]
Url = Annotated[
    str, msgspec.Meta(max_length=300, description="The org's own address, such as https://acme.my.salesforce.com.")
]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Pem = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
FieldName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$", description="API name of a field.")]
Source = Annotated[str, msgspec.Meta(max_length=300)]
Mapping = Annotated[
    dict[str, Source | None],
    msgspec.Meta(
        max_length=200,
        description="What differs from the default mapping: field and source, a text behind =, or null for none.",
    ),
]
CampaignId = Annotated[str, msgspec.Meta(pattern=r"^701[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?$")]
RuleId = Annotated[str, msgspec.Meta(pattern=r"^01Q[a-zA-Z0-9]{12}([a-zA-Z0-9]{3})?$")]


class NewSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a login keeps to itself: the parts that its method needs."""

    client_secret: Word | None = None
    private_key: Pem | None = None
    password: Word | None = None
    security_token: Word | None = None

    def __repr__(self) -> str:
        return "NewSecret(…)"


class NewConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An org to send people to."""

    name: Name
    login_url: Url
    method: LoginMethod
    secret: NewSecret
    client_id: Word | None = None
    """The app's consumer key; not for `password`."""
    username: Word | None = None
    """For `jwt_bearer` and `password`."""
    mapping: Mapping = {}
    key_field: FieldName = DEFAULT_KEY_FIELD
    campaign_id: CampaignId | None = None
    campaign_status: Word | None = None
    assignment_rule_id: RuleId | None = None


class ChangedConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to change of a connection; what is left away stays."""

    name: Name | UnsetType = UNSET
    login_url: Url | UnsetType = UNSET
    method: LoginMethod | UnsetType = UNSET
    secret: NewSecret | UnsetType = UNSET
    client_id: Word | UnsetType | None = UNSET
    username: Word | UnsetType | None = UNSET
    mapping: Mapping | UnsetType = UNSET
    key_field: FieldName | UnsetType = UNSET
    campaign_id: CampaignId | UnsetType | None = UNSET
    campaign_status: Word | UnsetType | None = UNSET
    assignment_rule_id: RuleId | UnsetType | None = UNSET


class ConnectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A connection, without its secret."""

    id: UUID
    name: str
    login_url: str
    method: LoginMethod
    client_id: str | None
    username: str | None
    mapping: dict[str, str | None]
    """What differs from the default mapping."""
    key_field: str
    campaign_id: str | None
    campaign_status: str | None
    assignment_rule_id: str | None
    created_at: datetime
    updated_at: datetime


class MappedField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that is sent."""

    field: str
    source: str
    length: int | None
    """Longer texts are cut, or left out where that would change them."""


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of a connection found; what it cannot accept is told as an error."""

    host: str
    organization: str | None
    is_sandbox: bool | None
    key_field: str
    fields: list[MappedField]
    notes: list[str]
    """What of the default mapping is left out, and why."""


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """A field of Lead that may be written."""

    name: str
    label: str
    type: str
    length: int | None
    required: bool
    external_id: bool
    choices: list[str]
    """Of a restricted picklist."""
    source: str | None
    """What is mapped to it now."""


class FieldsView(msgspec.Struct, frozen=True, kw_only=True):
    """What can be mapped to what."""

    fields: list[FieldView]
    sources: list[str]


class LeadView(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a push."""

    number: int
    key: str
    """The value of the external id field."""
    staff_id: int | None
    name: str | None
    """As stored now; null once the person is not."""
    school: str | None
    state: str
    """`pending`, `ready` (dry run), `sent`, `created`, `updated`, `error`, `duplicate`, `suppressed`, `skipped`."""
    code: str | None
    message: str | None
    """In Salesforce's words, without the person's values."""
    explanation: str | None
    retryable: bool
    tries: int
    changed: list[str]
    """Fields whose values were cut or left out."""
    lead_id: str | None
    ingest_id: str | None
    """Salesforce's id of the upload."""
    member: str | None
    """Of the campaign: `sent`, `member`, `error`."""
    fields: dict[str, str] | None = None
    """Of a dry run: what would be sent, before anything is cut."""
