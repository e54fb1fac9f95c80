"""What only a browser sees, a real browser does see: scripts fill staff lists, pages that moved reload elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.school_web.files import LOG
from tests.school_web.founding import generate
from tests.school_web.server import SchoolWeb, serve
from tests.school_web.truth import TrueSchool, tell

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
SLOW_MS = 60_000


@pytest.fixture
async def web(tmp_path: Path) -> AsyncGenerator[SchoolWeb]:
    async with serve(generate(1965, 96, 24, wide=True), 0, tmp_path / LOG) as web:
        yield web


@pytest.fixture
async def page(tmp_path: Path) -> AsyncGenerator[Page]:
    """A page in a browser for which every name is this machine."""
    chromium = os.environ.get("TITLE1_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium: install the package `chromium`, or name one in TITLE1_CHROMIUM")
    # The sandbox refuses to start for root, which containers often are.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "browser",
            executable_path=chromium,
            headless=True,
            args=[*quiet, *sandbox, "--no-first-run", "--host-resolver-rules=MAP *.test 127.0.0.1"],
        )
        yield context.pages[0]
        await context.close()


def open_schools(web: SchoolWeb, layout: str) -> list[TrueSchool]:
    """Schools of a layout whose hosts answer every request."""
    return [
        school
        for school in tell(web.world, web.port).schools
        if school.layout == layout
        and school.needs != "challenge"
        and not web.hosts[urlsplit(school.website).hostname or ""].rule.throttled
    ]


async def test_scripts_fill_the_lists_that_need_a_browser(web: SchoolWeb, page: Page) -> None:
    for layout in ("nuxtshell", "sharpschool", "apptegy"):
        school = max(open_schools(web, layout), key=lambda school: len(school.staff))
        await page.goto(school.staff_page)
        for person in school.staff:
            first = page.locator("#directory, .staffDirectoryComponent").get_by_text(person.name, exact=True).first
            await expect(first).to_be_visible(timeout=SLOW_MS)
        shown = await page.locator("body").inner_text()
        assert {person.email for person in school.staff if person.email and person.email not in shown} == set()


async def test_the_sheet_is_in_its_frame(web: SchoolWeb, page: Page) -> None:
    school = open_schools(web, "sheet")[0]
    await page.goto(school.staff_page)
    for person in school.staff:
        cell = page.frame_locator("iframe").get_by_text(person.email or person.title, exact=True).first
        await expect(cell).to_be_visible(timeout=SLOW_MS)


async def test_a_page_that_reloads_elsewhere_ends_at_the_new_site(web: SchoolWeb, page: Page) -> None:
    old = next(one for one in web.world.moved if one.move == "moved_refresh")
    await page.goto(f"http://{old.host}:{web.port}/")
    home = f"http://{web.world.school(old.school).host}:{web.port}/"
    await page.wait_for_url(home, timeout=SLOW_MS)
    assert page.url == home
