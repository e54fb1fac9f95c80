"""What Salesforce says of a row, as what is kept of it: its state, whether trying again may help, and no values."""

from __future__ import annotations

from collections.abc import Iterable

AGAIN_AT_ONCE = frozenset({"UNABLE_TO_LOCK_ROW", "NO_ANSWER", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"})
"""Errors that pass by themselves: the push itself tries these rows again."""
AGAIN = AGAIN_AT_ONCE | {"UNPROCESSED", "STORAGE_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "QUERY_TIMEOUT"}
"""Errors after which the same row may be taken later; a person asks for that."""
_DUPLICATES = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_VALUE"})
_LEAST_VALUE = 3
"""Letters that a value has at least to be looked for in an error; single ones would tear words apart."""

EXPLANATIONS = {
    "CANNOT_UPDATE_CONVERTED_LEAD": "The lead was converted; its contact is not changed from here.",
    "DUPLICATES_DETECTED": "A duplicate rule of the org found this person there: look at the records in Salesforce.",
    "DUPLICATE_EXTERNAL_ID": "Several leads have this external id: merge them in Salesforce.",
    "DUPLICATE_VALUE": "Another record has a value that must be unique.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule of the org refuses this lead.",
    "FIELD_INTEGRITY_EXCEPTION": "The org has a list of states or countries: map StateCode or state_name.",
    "GONE": "The person is not stored any more: suppressed, deleted, or no longer at that school.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The user of the connection may not change this lead.",
    "INVALID_EMAIL_ADDRESS": "Salesforce does not take the address.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "The value is not in the field's list.",
    "NO_ANSWER": "Salesforce said nothing of this row, mostly since a daily limit was reached.",
    "REQUIRED_FIELD_MISSING": "The org needs a field that has no value.",
    "STRING_TOO_LONG": "The value is longer than the field.",
    "SUPPRESSED": "The suppression list names this person.",
    "UNABLE_TO_LOCK_ROW": "Somebody else held the record; trying again mostly helps.",
    "UNPROCESSED": "The upload ended before this row.",
}


def explained(code: str | None) -> str | None:
    """What a code means, where it is known."""
    return EXPLANATIONS.get(code or "")


def verdict(error: str, values: Iterable[str], *, member: bool = False) -> dict[str, object]:
    """What is kept of an error such as `CODE:message:fields --`.

    Args:
        error: Salesforce's words.
        values: what was sent of the person; it is taken out of the words.
        member: of a campaign member, who may be one already.
    """
    code, _, message = error.strip().partition(":")
    code = code.strip() or "UNKNOWN"
    words = message.removesuffix("--").strip().rstrip(":").strip()
    if member and code == "DUPLICATE_VALUE":
        return {"state": "member", "code": None, "message": None, "retryable": False}
    for value in sorted({value for value in values if len(value) >= _LEAST_VALUE}, key=len, reverse=True):
        words = words.replace(value, "…")
    state = "duplicate" if code in _DUPLICATES and not member else "error"
    return {"state": state, "code": code, "message": words[:500], "retryable": code in AGAIN}
