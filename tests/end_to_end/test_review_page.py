"""Websites that wait for a person, decided on in a real browser."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from control_api.cli.client import ApiClient
from control_api.cli.local import command_key
from storage.accounts import find_user
from storage.database import Database
from tests.control_api.rows import add_school, add_website
from tests.end_to_end.test_dashboard import page

__all__ = ["page"]

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
NAMES = ("Alder", "Birch", "Cedar")


@pytest.fixture
async def key(database: Database) -> str:
    """The admin's key; three schools wait, each with two candidates."""
    key = await command_key(database)
    async with database.system() as connection:
        owner = await find_user(connection)
    async with database.tenant(owner.organization_id) as connection:
        for name in NAMES:
            school = await add_school(connection, owner, f"{name} Elementary", city="Katy", state="TX")
            for number, state in enumerate(("review", "candidate")):
                url = f"https://{name.lower()}{number}.test/"
                await add_website(connection, owner, school, url, state=state, score=0.8 - number / 2)
    return key


async def test_websites_are_reviewed_one_by_one(page: Page, address: str, key: str) -> None:
    await page.goto(f"{address}/#key={key}")
    review = page.get_by_role("region", name="Websites to review")
    await expect(review.locator(".review")).to_have_count(3, timeout=60_000)
    await expect(review.locator(".signals li").first).to_contain_text("the same telephone number")
    await expect(review.locator("#review-count")).to_have_text("3 schools wait")

    await review.get_by_role("button", name="Accept https://alder0.test/").click()
    await expect(review.locator(".review")).to_have_count(2)
    await expect(review.get_by_role("heading")).to_be_focused()
    schools = page.get_by_role("region", name="Schools")
    await expect(schools.locator("tbody tr").first.locator("a")).to_have_attribute("href", "https://alder0.test/")

    # The likely one is not the right one: with it goes the reason to wait.
    await review.get_by_role("button", name="Reject https://birch0.test/").click()
    await expect(review.locator(".review")).to_have_count(1)

    cedar = review.locator(".review")
    await cedar.get_by_label("Another site").fill("https://cedar.example/school")
    await cedar.get_by_role("button", name="Set").click()
    await expect(page.locator("#review")).to_be_hidden()
    await expect(page.locator("#announcer")).to_contain_text("Cedar Elementary has the website https://cedar.example")

    def stored() -> dict[str, str | None]:
        with ApiClient(address, key) as client:
            return {school["name"][:5]: school["website"] for school in client.get("/api/v1/schools")["items"]}

    assert await asyncio.to_thread(stored) == {
        "Alder": "https://alder0.test/", "Birch": None, "Cedar": "https://cedar.example/school",
    }  # fmt: skip
