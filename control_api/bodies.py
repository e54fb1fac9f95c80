"""JSON bodies, read strictly: of the right type, in the right encoding, each value of the very type that is asked for.

The framework reads a body as leniently as a query: `"1"` would be a number, `1` a yes, `5` a moment in 1970. So each
route with a JSON body has `before_request=check_json_body`, which a test sees to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from control_api.problems import ApiError, UnsupportedMediaTypeError, body_pointer

_UTF8 = frozenset({"utf-8", "utf8", "us-ascii", ""})
_PLACE = re.compile(r" - at `(?:key in )?(?P<path>\$.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`$", re.DOTALL)


class MalformedBodyError(ApiError):
    """The body is no JSON text."""

    code = "MALFORMED_BODY"
    status = 400


async def check_json_body(request: Request[Any, Any, Any]) -> None:
    """Refuses a body that is not JSON of the form that the route's `data` has.

    Raises:
        UnsupportedMediaTypeError: it says that it is something else, or nothing, or that it is not UTF-8.
        MalformedBodyError: it is no JSON.
        ValidationException: a value is missing, unknown, of another type or out of its bounds; it says which.
    """
    media_type, options = request.content_type
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaTypeError("Send the body as JSON, with `Content-Type: application/json`.")
    if options.get("charset", "").strip("\"'").lower() not in _UTF8:
        raise UnsupportedMediaTypeError("Send the body in UTF-8; JSON has no other encoding.")
    field = request.route_handler.parsed_data_field
    if field is None:
        raise TypeError(f"{request.route_handler} has no `data`, and so no body to check")
    _check(await request.body(), _decoder(field.annotation))


def _check(body: bytes, decoder: msgspec.json.Decoder[Any]) -> None:
    if not body.strip():
        raise _fault("", "The body is empty; a JSON object is expected.")
    try:
        decoder.decode(body)
        # PostgreSQL stores no NUL, and nothing that we take needs one. In JSON it can only stand as this escape.
        texts = msgspec.json.decode(body) if b"\\u0000" in body else None
    except msgspec.ValidationError as error:
        raise _fault(*_placed(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBodyError(f"The body is not JSON in UTF-8 ({error}).") from error
    except RecursionError as error:
        raise MalformedBodyError("The body is not JSON that can be read: it is nested too deeply.") from error
    for pointer in _with_nul(texts, ""):
        raise _fault(pointer, "The text has a NUL character (\\u0000), which cannot be stored.")


@cache
def _decoder(body_type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body_type, strict=True)


def _placed(words: str) -> tuple[str, str]:
    """Where and what is wrong, out of one line such as "Expected `int`, got `str` - at `$.params.school_ids[1]`"."""
    place = _PLACE.search(words)
    detail = words[: place.start()] if place else words
    pointer = body_pointer(place["path"][1:]) if place else ""
    if unknown := _UNKNOWN.match(detail):
        pointer = f"{pointer}/{escaped(unknown['name'])}"
    return pointer, detail


def escaped(name: str) -> str:
    """A field's name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _with_nul(value: Any, pointer: str) -> Iterator[str]:
    match value:
        case str() if "\0" in value:
            yield pointer
        case dict():
            for name, part in value.items():
                if "\0" in name:
                    yield pointer
                yield from _with_nul(part, f"{pointer}/{escaped(name)}")
        case list():
            for number, part in enumerate(value):
                yield from _with_nul(part, f"{pointer}/{number}")
        case _:
            pass


def _fault(pointer: str, detail: str) -> ValidationException:
    return ValidationException(detail, extra=[{"source": "body", "pointer": pointer or "/", "message": detail}])
