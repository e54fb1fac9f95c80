"""What the providers of candidates ask, and how they read every answer that a service may give."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.discovery.brave import BraveProvider
from crawler.discovery.guesses import GuessProvider, read_patterns
from crawler.discovery.providers import Answer, Candidate, Provider, TryLater
from crawler.discovery.searxng import SearxngProvider
from crawler.discovery.turns import ORDER, Turns
from crawler.discovery.wikidata import WikidataProvider, quoted, site_query
from crawler.targets import SchoolTarget
from crawler.visits import Visit
from tests.fakes.sparql import read_literal

PINE = SchoolTarget(
    key="1", name="Pine Hollow Elementary School", district="Green Valley Public Schools", city="Marlow", state="AL"
)
BRAVE = BraveProvider("http://brave.test/res/v1/web/search", 5)
SEARXNG = SearxngProvider("http://search.test/search")
WIKIDATA = WikidataProvider("http://wikidata.test/sparql")
MONTH = "1;w=1, 15000;w=2592000"


def answer(content: Any = None, status: int = 200, **headers: str) -> Answer:
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def later(provider: Provider, said: Answer) -> TryLater:
    result = provider.read(said)
    assert isinstance(result, TryLater)
    return result


def test_searxng_is_asked_for_json() -> None:
    first, second = SEARXNG.questions(PINE)
    assert first.startswith("http://search.test/search?q=%22Pine+Hollow+Elementary+School%22+Marlow+AL&format=json")
    assert "Green+Valley" in second
    assert SEARXNG.questions(SchoolTarget("", "")) == []


def test_results_of_searxng_are_candidates() -> None:
    listed = {"results": [{"url": "http://pine.test/", "title": "x"}, {"title": "no url"}, 7]}
    assert SEARXNG.read(answer(listed)) == [Candidate("http://pine.test/", "searxng", 0.6)]
    assert SEARXNG.read(answer({"results": [], "unresponsive_engines": []})) == []


@pytest.mark.parametrize(
    ("said", "reason", "again", "closed"),
    [
        (answer({"results": [], "unresponsive_engines": [["brave", "timeout"]]}), "engine answered (brave)", 1, 0),
        (answer(b"<html>"), "did not answer with JSON", 1, 0),
        (answer(b"forbidden", 403), "search.formats", 1, 1),
        (answer(b"too many", 429), "answered 429", 1, 0),
        (answer(b"", 502), "answered 502", 1, 0),
        (answer(b"", 404), "answered 404", 1, 1),
    ],
)  # fmt: skip
def test_silence_of_searxng_is_not_an_answer(said: Answer, reason: str, again: int, closed: int) -> None:
    result = later(SEARXNG, said)
    assert reason in result.reason
    assert (result.again, result.closed) == (bool(again), bool(closed))


def test_brave_is_asked_as_it_wants_to_be() -> None:
    question = asked(BRAVE.questions(PINE)[0])
    assert question == {
        "q": '"Pine Hollow Elementary School" Marlow AL',
        "count": "10",
        "country": "US",
        "search_lang": "en",
        "safesearch": "moderate",
        "result_filter": "web",
    }
    long = SchoolTarget("1", "Pine " * 200, state="AL")
    for url in BRAVE.questions(long):
        assert len(asked(url)["q"]) <= 400
        assert len(asked(url)["q"].split()) <= 50


def test_results_of_brave_are_candidates() -> None:
    results = [{"type": "search_result", "url": "https://pine.test/"}, {"type": "search_result"}]
    assert BRAVE.read(answer({"type": "search", "web": {"type": "search", "results": results}})) == [
        Candidate("https://pine.test/", "brave", 0.6)
    ]
    # Without a result there is no part `web` at all.
    assert BRAVE.read(answer({"type": "search", "query": {"original": "x"}})) == []


def refused(status: int, code: str, **headers: str) -> Answer:
    return answer({"type": "ErrorResponse", "error": {"status": status, "code": code}}, status, **headers)


@pytest.mark.parametrize(
    ("said", "reason", "again", "closed", "seconds"),
    [
        (refused(422, "SUBSCRIPTION_TOKEN_INVALID"), "TITLE1_BRAVE_KEY", 1, 1, None),
        (refused(401, "UNAUTHORIZED"), "TITLE1_BRAVE_KEY", 1, 1, None),
        (refused(422, "VALIDATION"), "not understood", 0, 0, None),
        (
            refused(429, "RATE_LIMITED", x_ratelimit_remaining="0, 14000", x_ratelimit_reset="2, 1400000",
                    x_ratelimit_policy=MONTH), "RATE_LIMITED", 1, 0, 2.0,
        ),
        (
            refused(429, "QUOTA_LIMITED", x_ratelimit_remaining="1, 0", x_ratelimit_reset="1, 30",
                    x_ratelimit_policy=MONTH), "of this month", 1, 1, None,
        ),
        # Without a policy, a limit that begins anew in weeks is no pace.
        (refused(429, "", x_ratelimit_remaining="1, 0", x_ratelimit_reset="1, 900000"), "of this month", 1, 1, None),
        (refused(429, ""), "answered 429", 1, 0, None),
        (refused(429, "", x_ratelimit_remaining="soon", x_ratelimit_reset="x"), "answered 429", 1, 0, None),
        (answer(b"<html>", 503), "answered 503", 1, 0, None),
        (answer(b"<html>", 404), "answered 404", 1, 1, None),
        (answer(b"<html>"), "did not answer with a search", 1, 0, None),
        (answer({"type": "suggest"}), "did not answer with a search", 1, 0, None),
    ],
)  # fmt: skip
def test_refusals_of_brave_are_not_answers(
    said: Answer, reason: str, again: int, closed: int, seconds: float | None
) -> None:
    result = later(BRAVE, said)
    assert reason in result.reason
    assert (result.again, result.closed, result.seconds) == (bool(again), bool(closed), seconds)


def test_brave_is_left_alone_when_its_second_is_full() -> None:
    full = answer({}, x_ratelimit_remaining="0, 14000", x_ratelimit_reset="1, 1400000", x_ratelimit_policy=MONTH)
    assert BRAVE.pause_after(full) == 1.0
    free = answer({}, x_ratelimit_remaining="3, 0", x_ratelimit_reset="1, 1400000", x_ratelimit_policy=MONTH)
    assert BRAVE.pause_after(free) == 0.0
    assert SEARXNG.pause_after(full) == 0.0


def test_wikidata_is_asked_for_the_sites_of_items_of_the_name_in_the_state() -> None:
    (url,) = WIKIDATA.questions(PINE)
    query = asked(url)["query"]
    assert '"Pine Hollow Elementary School"@en' in query
    assert 'wdt:P300 "US-AL"' in query
    assert (
        '"Pine Hollow Elementary School"@en'
        in asked(WIKIDATA.questions(SchoolTarget("", "Pine Hollow ES", state="AL"))[0])["query"]
    )
    assert WIKIDATA.questions(SchoolTarget("", "Pine Hollow ES")) == []
    assert WIKIDATA.questions(SchoolTarget("", " ", state="AL")) == []


@given(st.text(st.characters(codec="utf-8")))
def test_no_name_can_end_the_literal_it_stands_in(text: str) -> None:
    assert read_literal(quoted(text)) == text
    assert "\n" not in site_query([text], "AL")


def test_answers_of_wikidata_are_read() -> None:
    row = {"item": {"type": "uri", "value": "x"}, "site": {"type": "uri", "value": "http://pine.test/"}}
    assert WIKIDATA.read(answer({"head": {"vars": []}, "results": {"bindings": [row, row]}})) == [
        Candidate("http://pine.test/", "wikidata", 0.55)
    ]
    assert WIKIDATA.read(answer({"results": {"bindings": []}})) == []
    assert "incomplete" in later(WIKIDATA, answer(b'{"results": {"bindings": [ {"site"')).reason
    assert later(WIKIDATA, answer(b"", 429)).again
    assert later(WIKIDATA, answer(b"", 400)).closed


def guessed(**changes: str) -> list[str]:
    school = replace(PINE, **changes)
    return [urlsplit(found.url).netloc for found in GuessProvider(60).candidates(school)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"greenvalleyschools.org", "greenvalley.k12.al.us", "pinehollowelementary.org", "pinehollowes.org"}),
        ({"district": "Houston ISD", "state": "TX"}, {"houstonisd.org", "houstonisd.net", "houston.k12.tx.us"}),
        ({"district": "Los Angeles Unified School District", "state": "CA"}, {"lausd.org", "losangelesusd.org"}),
        ({"district": "Elm County Schools", "state": "KY"}, {"elm.kyschools.us", "elmcountyschools.org"}),
        ({"district": "St. Mary Parish", "state": "LA"}, {"stmaryschools.org"}),
        ({"district": ""}, {"pinehollowelementary.org"}),
    ],
)  # fmt: skip
def test_guesses_follow_the_customs_of_the_state(changes: dict[str, str], expected: set[str]) -> None:
    assert expected <= set(guessed(**changes))


def test_guesses_are_few_and_leave_room_for_the_schools_own() -> None:
    found = GuessProvider(9).candidates(PINE)
    assert len(found) == 9
    assert [urlsplit(one.url).netloc for one in found if "pinehollow" in one.url]
    assert [one.rank for one in found] == sorted((one.rank for one in found), reverse=True)
    assert GuessProvider(9).candidates(SchoolTarget("1", "Elementary School")) == []
    assert GuessProvider(0).within(PINE, "http://gv.test/") == []


def test_a_school_is_guessed_beneath_its_district() -> None:
    urls = [found.url for found in GuessProvider(30).within(PINE, "http://www.greenvalley.org/")]
    assert "http://pinehollow.greenvalley.org/" in urls
    assert "http://www.greenvalley.org/o/phes" in urls
    assert "http://www.greenvalley.org/schools/pine-hollow" in urls
    traditional = [found.url for found in GuessProvider(30).within(PINE, "http://www.greenvalley.k12.al.us/")]
    assert "http://pinehollow.greenvalley.k12.al.us/" in traditional


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["AL", "TX", "", "nowhere"]))
def test_every_guess_is_the_address_of_a_home_page(name: str, district: str, state: str) -> None:
    for found in GuessProvider(40).candidates(SchoolTarget("1", name, district=district, state=state)):
        host = urlsplit(found.url).netloc
        assert set(host) <= {*string.ascii_lowercase, *string.digits, ".", "-"}
        assert all(0 < len(label) <= 63 for label in host.split("."))


def test_the_operators_patterns_take_the_place_of_the_projects(tmp_path: Path) -> None:
    file = tmp_path / "patterns.toml"
    file.write_text(
        '[words]\ndistrict = ["public", "schools"]\nplace = []\n[levels]\nelementary = "es"\n[all]\n'
        'district = ["{d}.test:8080", "{d}{unknown}.test"]\nschool = []\n[within]\nhosts = []\npaths = ["/o/{sl}"]\n'
    )
    provider = GuessProvider(30, file)
    assert [found.url for found in provider.candidates(PINE)] == ["http://greenvalley.test:8080/"]
    assert [found.url for found in provider.within(PINE, "http://gv.test:8080/")] == [
        "http://gv.test:8080/o/pinehollowes"
    ]
    file = tmp_path / "other.toml"
    file.write_text("[words]\n")
    with pytest.raises(ValueError, match=r"other\.toml is not a file of patterns"):
        read_patterns(file)


class Counting(Provider):
    """Answers one question a school."""

    name = "brave"
    most_questions = 1

    def questions(self, school: SchoolTarget) -> list[str]:
        return [f"http://brave.test/?q={school.name}"]

    def read(self, answer: Answer) -> list[Candidate] | TryLater:
        return [] if answer.status == 200 else TryLater("closed", closed=True)


def test_every_provider_has_its_turn_and_is_noted() -> None:
    turns, visit = Turns([Counting()]), Visit(PINE)
    turn = turns.advance(visit)
    assert isinstance(turn, tuple)
    assert turn[0] == "brave"
    assert turns.read(visit, "brave", Answer(200, b"", {})) == []
    assert turns.advance(visit) is None
    assert [(tried.provider, tried.outcome) for tried in visit.tried] == [
        *((name, "off") for name in ORDER if name != "brave"), ("brave", "nothing"),
    ]  # fmt: skip
    assert visit.later == ""


def test_a_budget_that_is_used_up_means_try_later() -> None:
    turns, first, second = Turns([Counting()]), Visit(PINE), Visit(PINE)
    assert turns.advance(first) is not None
    assert turns.advance(second) is None
    assert "used up" in second.later
    assert second.tried[-1].outcome == "try_later"


def test_a_provider_that_answers_nobody_is_asked_once() -> None:
    provider = Counting()
    provider.most_questions = None
    turns, first, second = Turns([provider]), Visit(PINE), Visit(PINE)
    turns.advance(first)
    assert isinstance(turns.read(first, "brave", Answer(401, b"", {})), TryLater)
    assert turns.advance(second) is None
    assert second.later == "closed"


def test_a_question_of_settings_that_are_no_more_is_for_another_time() -> None:
    assert isinstance(Turns([]).read(Visit(PINE), "brave", Answer(200, b"", {})), TryLater)


def test_what_a_provider_found_outweighs_what_it_did_not() -> None:
    visit = Visit(PINE)
    for outcome, found in [("nothing", 0), ("found", 2), ("try_later", 0), ("found", 1)]:
        visit.note("searxng", outcome, found)
    (tried,) = visit.tried
    assert (tried.outcome, tried.found) == ("found", 3)
    assert Visit.unpacked(visit.packed()) == visit
