"""Errors as the API tells them: one function turns whatever was raised into problem details (RFC 9457).

Causes are raised where they are known, as `ExtractionError`, `StorageError` or `ApiError`, each with `code`, `status`
and a `message` for the person who asked. Everything else is either Litestar's own (routing, validation) or a fault of
ours, of which the caller learns only a reference that stands beside the traceback in the log.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import uuid4

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from sqlalchemy.exc import DataError

from control_api.salesforce.errors import SalesforceError
from extraction.errors import ExtractionError
from storage.errors import StorageError

logger = logging.getLogger(__name__)

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = {HTTPStatus.TOO_MANY_REQUESTS: 10, HTTPStatus.SERVICE_UNAVAILABLE: 5}
CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_ERROR",
    503: "UNAVAILABLE",
}

# Parameters whose name in the request is not that of the function's argument, by which the framework calls them.
PRINTED_NAMES = {"in_state": "state", "idempotency_key": "Idempotency-Key", "last_event_id": "Last-Event-ID"}


class ApiError(Exception):
    """A request that cannot be served as it was sent. `message` is fit for the person who sent it."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}


class InvalidParameterError(ApiError):
    """A path, query or header value that cannot be understood; the message names it."""

    code = "INVALID_PARAMETER"


def invalid_body(key: str, detail: str) -> ValidationException:
    """The refusal of a body of the right form whose part `key` (`job.params.state`) is no good value all the same."""
    return ValidationException(detail, extra=[{"source": "body", "key": key, "message": detail}])


def invalid_parameter(name: str, detail: str) -> ValidationException:
    """The refusal of a parameter, named as in the request, that is no good value."""
    return ValidationException(detail, extra=[{"source": "query", "key": name, "message": detail}])


class UnsupportedMediaTypeError(ApiError):
    """The body is not of the type that this route reads."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Problem details (RFC 9457): `code` is for programs, `detail` for people."""

    title: str
    status: int
    code: str
    detail: str
    instance: str
    type: str = "about:blank"
    errors: list[dict[str, str]] = []
    """Of a validation error: what is wrong with which part; `pointer` into the body or `parameter` by name."""
    reference: str | None = None
    """Of an internal error: what to look for in the log."""


def exception_handlers() -> dict[int | type[Exception], Any]:
    """The handlers for `Litestar(exception_handlers=…)`: one function for every error there is."""
    return {HTTPException: problem_response, Exception: problem_response}


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """The answer to a request that ended with `error`."""
    problem, headers = describe(error, instance=request.url.path)
    if isinstance(error, DataError) and (named := _unstorable(request)):
        words = "; ".join(f"{fault['parameter']}: {fault['detail']}" for fault in named)
        problem = msgspec.structs.replace(problem, detail=words, errors=named)
    if problem.status in RETRY_AFTER_SECONDS:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS[HTTPStatus(problem.status)]))
    return Response(problem, status_code=problem.status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)


def describe(error: Exception, *, instance: str) -> tuple[Problem, dict[str, str]]:
    """The problem that an error is, and the headers that belong to it."""
    headers: dict[str, str] = {}
    match error:
        case ExtractionError() | StorageError() | SalesforceError():
            problem = _problem(error.status, error.code, error.message, instance)
        case ApiError():
            problem = _problem(error.status, error.code, error.message, instance)
            headers |= error.headers
        case ValidationException():
            problem = _validation_problem(error, instance)
        case HTTPException() if isinstance(error.__cause__, SerializationException):
            problem = _problem(400, "MALFORMED_BODY", "The body is not JSON.", instance)
        case HTTPException() if error.status_code != 500:
            code = CODES.get(error.status_code, "ERROR")
            problem = _problem(error.status_code, code, _sentence(error), instance)
            headers |= error.headers or {}
        case DataError():
            # PostgreSQL refuses a value: a NUL in a text, a number too large. Its own words name our columns.
            detail = "A value has characters or a size that cannot be stored or searched for."
            problem = _problem(400, "INVALID_VALUE", detail, instance)
        case _:
            problem = _internal_problem(error, instance)
    return problem, headers


def _problem(status: int, code: str, detail: str, instance: str) -> Problem:
    return Problem(HTTPStatus(status).phrase, status, code, detail, instance)


def _internal_problem(error: Exception, instance: str) -> Problem:
    reference = str(uuid4())
    logger.error("internal error %s at %s", reference, instance, exc_info=error)
    detail = "Something went wrong on our side; the log has the cause under this reference."
    problem = _problem(500, CODES[500], detail, instance)
    return msgspec.structs.replace(problem, reference=reference)


def _sentence(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "There is nothing at this address."
        case 405:
            return "This address does not answer this method."
        case 413:
            return "The body is larger than is accepted here."
        case _:
            return error.detail


def _validation_problem(error: ValidationException, instance: str) -> Problem:
    faults = [fault for fault in error.extra or [] if isinstance(fault, dict)]
    in_body = any(fault.get("source") == "body" for fault in faults)
    errors = [_fault(fault) for fault in faults]
    words = "; ".join(f"{fault.get('pointer') or fault.get('parameter')}: {fault['detail']}" for fault in errors)
    status, code = (422, "INVALID_REQUEST") if in_body else (400, "INVALID_PARAMETER")
    problem = _problem(status, code, words or error.detail, instance)
    return msgspec.structs.replace(problem, errors=errors)


def _fault(fault: dict[str, Any]) -> dict[str, str]:
    key, detail = str(fault.get("key", "")), str(fault.get("message", ""))
    if fault.get("source") != "body":
        return {"parameter": PRINTED_NAMES.get(key, key), "detail": detail}
    return {"pointer": fault.get("pointer") or body_pointer("" if key == "data" else key) or "/", "detail": detail}


def body_pointer(path: str) -> str:
    """A place in a body, such as `job.params.school_ids[1]`, as a JSON pointer; empty for the body itself."""
    return "".join(f"/{step}" for step in re.findall(r"[^.\[\]]+", path))


def _values(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The parameters that a request was sent with, by the names that they have there."""
    return [
        *((name, str(value)) for name, value in request.path_params.items()),
        *((name, value) for name, value in request.query_params.multi_items()),
    ]


def _unstorable(request: Request[Any, Any, Any]) -> list[dict[str, str]]:
    """The parameters that PostgreSQL cannot have meant to be a value of: they have a NUL."""
    detail = "The text has a NUL character, which cannot be stored or searched for."
    return [{"parameter": name, "detail": detail} for name, value in _values(request) if "\0" in value]
