"""People sign in on the dashboard: by a link, by a password, and out again, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from control_api.cli.local import new_link
from storage.database import Database
from tests.end_to_end.test_dashboard import page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

__all__ = ("page",)  # the fixture
PASSWORD = "three quiet herons"


async def test_a_link_a_password_and_a_way_out(address: str, page: Page, database: Database) -> None:
    token, _ = await new_link(database, user=None, email="ada@riverbend.test")
    await page.goto(f"{address}/#password={token}")
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    assert token not in page.url
    await page.get_by_label("New password").fill(PASSWORD)
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.locator("#sign-in-note")).to_have_text("Your password is set. Sign in with it.")

    async def sign_in(password: str) -> None:
        await page.get_by_label("E-mail address").fill("ada@riverbend.test")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_role("button", name="Sign in").click()

    await sign_in("something else")
    await expect(page.locator("#sign-in-error")).to_contain_text("is wrong")
    await sign_in(PASSWORD)
    await expect(page.locator("#connection")).to_have_text("Live", timeout=15_000)
    assert "title1_session" not in await page.evaluate("document.cookie")
    await page.reload()
    await expect(page.locator("#connection")).to_have_text("Live", timeout=15_000)
    # Something is changed by the page's word: the file is refused for what it is.
    await page.get_by_label("PDF with Title I schools").set_input_files(
        {"name": "list.pdf", "mimeType": "application/pdf", "buffer": b"no pdf"}
    )
    await expect(page.locator("#uploads")).to_contain_text("not a PDF")

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("E-mail address")).to_be_visible()
    assert await page.context.cookies() == []

    async with database.system() as connection:
        await connection.exec_driver_sql("UPDATE app_user SET must_change = true")
    await sign_in(PASSWORD)
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_label("New password").fill("seven loud ravens")
    await page.get_by_role("button", name="Set the password").click()
    await expect(page.locator("#connection")).to_have_text("Live", timeout=15_000)
    async with database.system() as connection:
        await connection.exec_driver_sql("UPDATE user_session SET ended_at = now()")
    await expect(page.get_by_label("E-mail address")).to_be_visible(timeout=20_000)
