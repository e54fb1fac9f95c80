"""What can go wrong with Salesforce. Each error names the cause and the next step, and is fit for who asked."""

from __future__ import annotations

from typing import ClassVar


class SalesforceError(Exception):
    """Salesforce cannot do what was asked. `message` is fit for the person who asked."""

    code: ClassVar[str] = "SALESFORCE_ERROR"
    status: ClassVar[int] = 502

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SalesforceUnavailableError(SalesforceError):
    """Salesforce does not answer, is in maintenance, or takes no more requests now. The same later is right."""

    code = "SALESFORCE_UNAVAILABLE"
    status = 503

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        """How long Salesforce itself says to wait, or how long its limit is known to hold."""


class SalesforceLoginError(SalesforceError):
    """The login is refused: a wrong secret, an app that is not allowed, a user who is locked."""

    code = "SALESFORCE_LOGIN_REFUSED"
    status = 422


class SalesforceRefusedError(SalesforceError):
    """A request is refused. `reason` is Salesforce's own code."""

    code = "SALESFORCE_REFUSED"

    def __init__(self, message: str, *, reason: str = "", http_status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.http_status = http_status


class SalesforceMappingError(SalesforceError):
    """The mapping does not fit the org: a field is missing or may not be written, or does not take a value."""

    code = "SALESFORCE_MAPPING"
    status = 422


class SalesforceAddressError(SalesforceError):
    """An address that is not Salesforce's, or not https."""

    code = "SALESFORCE_ADDRESS"
    status = 422


class SecretUnreadableError(SalesforceError):
    """A secret cannot be encrypted or read: the key is missing or another one."""

    code = "SALESFORCE_SECRET"
    status = 422
