"""Servers speak more or less of OpenAI's language; whichever it is, the answer arrives, and the step is remembered."""

from __future__ import annotations

import pytest

from extraction.llm.errors import UnavailableError
from tests.extraction.llm.conftest import QUESTION, ClientOf
from tests.fakes.openai_server import Behaviour, FakeOpenAI, too_many


@pytest.mark.parametrize(
    ("missing", "endpoint", "form", "tries"),
    [
        (set[str](), "responses", "json_schema", 1),
        ({"responses"}, "chat", "json_schema", 2),
        ({"responses", "json_schema"}, "chat", "json_object", 3),
        ({"responses", "json_schema", "json_object"}, "chat", "text", 4),
        ({"temperature"}, "responses", "json_schema", 2),
        ({"responses", "max_tokens"}, "chat", "json_schema", 3),
    ],
    ids=["all", "no responses", "no schema", "no json", "no temperature", "no max_tokens"],
)
async def test_each_server_is_asked_as_it_understands(
    model: FakeOpenAI, client_of: ClientOf, missing: set[str], endpoint: str, form: str, tries: int
) -> None:
    model.missing = missing
    client = client_of()
    assert (await client.ask(QUESTION)).value == {"rows": [1, 2, 3]}
    assert (model.asked[0].endpoint, model.asked[0].form) == (endpoint, form)
    assert len(model.requests) == tries
    await client_of().ask(QUESTION)
    assert len(model.requests) == tries + 1, "another client of the process knows how"
    assert client.usage.calls == 1, "a question that was not understood is no second call"


async def test_a_server_without_schemas_is_told_the_schema_in_words(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.missing = {"responses", "json_schema"}
    await client_of().ask(QUESTION)
    assert '"additionalProperties":false' in model.asked[0].instructions


async def test_an_image_goes_along_on_either_api(model: FakeOpenAI, client_of: ClientOf) -> None:
    import msgspec  # noqa: PLC0415

    seen = msgspec.structs.replace(QUESTION, image=b"\x89PNG\r\n\x1a\n")
    await client_of().ask(seen)
    model.missing = {"responses"}
    await client_of(model="gpt-4o-mini", base_url=f"{model.url}/").ask(seen)
    assert [(asked.endpoint, asked.images) for asked in model.asked] == [("responses", 1), ("chat", 1)]


async def test_a_web_page_where_the_api_should_be_is_no_answer(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(*[Behaviour(page="<html>Welcome</html>")] * 4)
    with pytest.raises(UnavailableError, match="not as an OpenAI-compatible API"):
        await client_of().ask(QUESTION)


async def test_a_full_queue_is_no_reason_to_step_down(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(too_many(600))
    with pytest.raises(UnavailableError, match="429"):
        await client_of(retries=0).ask(QUESTION)
    assert model.requests == ["/v1/responses"]


async def test_a_text_that_is_too_long_is_not_asked_in_other_words(model: FakeOpenAI, client_of: ClientOf) -> None:
    model.misbehave(Behaviour(status=400, error={"message": "too long", "code": "context_length_exceeded"}))
    with pytest.raises(UnavailableError, match="too long"):
        await client_of().ask(QUESTION)
    assert model.requests == ["/v1/responses"]
