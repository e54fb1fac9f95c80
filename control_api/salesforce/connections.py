"""A stored connection as the client of its org, and what it names there."""

from __future__ import annotations

from typing import Any

from control_api.salesforce.client import Login, LoginMethod, SalesforceClient
from control_api.salesforce.errors import SalesforceMappingError
from control_api.salesforce.secrets import SecretBox
from control_api.salesforce.settings import SalesforceSettings


def client_of(row: Any, box: SecretBox, settings: SalesforceSettings) -> SalesforceClient:
    """The client of a row of `salesforce_connection`.

    Raises:
        SecretUnreadableError: its secret cannot be read.
    """
    secret = box.open(row.id, bytes(row.secret))
    login = Login(row.login_url, LoginMethod(row.method), row.client_id, row.username, secret)
    return SalesforceClient(login, settings)


def check_records(client: SalesforceClient, campaign_id: str | None, assignment_rule_id: str | None) -> None:
    """Checks that the campaign and the assignment rule are there.

    Raises:
        SalesforceMappingError: one of them is not, or the user may not see it.
    """
    for name, words, record_id in (
        ("Campaign", "campaign", campaign_id),
        ("AssignmentRule", "assignment rule", assignment_rule_id),
    ):
        if record_id and not client.has_record(name, record_id):
            raise SalesforceMappingError(f"There is no {words} {record_id}, or the user may not see it.")
