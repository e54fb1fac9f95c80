"""The dashboard in a real browser, before the running product."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.end_to_end.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_a_dropped_list_becomes_people_before_your_eyes(product: Product, page: Page) -> None:
    # The feed cannot be had at first: the page says so, and goes on by itself.
    await page.route("**/api/v1/events", lambda route: route.abort())
    await page.goto(product.stack.url)
    await page.get_by_text("Use an API key instead").click()
    await page.get_by_label("API key").fill("t1_not-a-key")
    await page.get_by_role("button", name="Open with this key").click()
    await expect(page.locator("#sign-in-error")).not_to_be_empty()

    await page.goto(f"{product.stack.url}/#key={product.key}")
    await expect(page.locator("#connection")).to_have_text("Connection lost, trying again …")
    assert product.key not in page.url
    await page.unroute("**/api/v1/events")
    await expect(page.locator("#connection")).to_have_text("Live", timeout=15_000)
    await expect(page.locator("#jobs-empty")).to_contain_text("No jobs yet")

    await page.get_by_label("PDF with Title I schools").set_input_files(product.web.pdf)
    job = page.get_by_role("article", name="From list to leads")
    await expect(job).to_contain_text(product.web.pdf.name, timeout=30_000)
    await expect(job.get_by_role("progressbar")).to_have_count(4)
    await expect(job.locator(".chip")).to_have_text("Done", timeout=90_000)
    await expect(job.locator("progress[value='1']")).to_have_count(4)
    await job.get_by_text("Events").click()
    await expect(job.get_by_role("region", name="Events").locator("li").first).to_contain_text("Accepted")

    schools = page.get_by_role("region", name="Schools")
    await expect(schools.locator("tbody td a").first).to_have_attribute("href", re.compile("^https?://"))
    await schools.get_by_role("button", name="Why this site?").first.click()
    await expect(schools.locator(".signals li").first).to_be_visible()
    seen = schools.get_by_role("button", name="Seen in").first
    await seen.click()
    picture = schools.get_by_role("img", name=re.compile(r"^Page 1 of .+ is highlighted$"))
    await expect(picture).to_be_visible(timeout=20_000)
    assert await picture.evaluate("image => image.naturalWidth") > 500
    await seen.click()
    await expect(picture).to_have_count(0)
    await expect(schools.locator(".signals li").first).to_be_visible()

    people = page.get_by_role("region", name="People")
    await people.get_by_label("Only with e-mail").check()
    await people.get_by_label("Role").select_option("principal")
    await expect(people.locator("tbody tr").filter(has_not_text="Principal")).to_have_count(0)
    await expect(people.locator("tbody tr:not(:has(.email))")).to_have_count(0)
    await expect(people.locator("tbody .email").first).to_contain_text("@")
    await expect(people.locator("[data-count]")).to_contain_text(re.compile(r"^\d+ (person|people)"))
    # Harvested texts stay texts, and only web addresses are links.
    assert await page.locator("td img, td script").count() == 0
    links = await page.locator("td a").evaluate_all("all => all.map(a => [a.protocol, a.rel])")
    assert {tuple(link) for link in links} <= {(scheme, "noopener nofollow") for scheme in ("http:", "https:")}

    async with page.expect_download() as download:
        await job.get_by_role("button", name="Download leads").click()
    saved = await (await download.value).path()
    leads = await asyncio.to_thread(saved.read_text, "utf-8-sig")
    assert len(leads.splitlines()) > 1


async def test_the_event_stream_is_taken_up_where_it_broke_off(product: Product, page: Page) -> None:
    await page.goto(product.stack.url)

    told = await page.evaluate(
        r"""async (connections) => {
          const { follow } = await import("/static/sse.js");
          const stop = new AbortController();
          const told = { ids: [], events: [], states: [] };
          const open = async (lastId) => {
            told.ids.push(lastId);
            const pieces = connections.shift();
            if (!pieces) throw new TypeError("no network");
            const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
            return new Response(new ReadableStream({
              pull(flow) { bytes.length ? flow.enqueue(bytes.shift()) : flow.close(); },
            }));
          };
          await follow(open, {
            signal: stop.signal,
            pause: 5,
            onEvent: ({ kind, data }) => told.events.push([kind, data]) === 4 && stop.abort(),
            onState: (state) => told.states.at(-1) === state || told.states.push(state),
          });
          return told;
        }""",
        [
            # The place is named before the first event; then an event, and half of the next.
            [
                "id: 7-0\nretry: 9\n\n",
                ": ping\n\nid: 8-",
                "1\r\nevent: progress\r",
                '\ndata: {"é": 1}\r\n\r\nid: 9-1\ndata: lo',
            ],
            None,
            [
                "id: 9-1\nevent: target\ndata: two\ndata: lines\n\n",
                "unknown\n\nid: 9-2\revent: paused\rdata:tight\r\r",
                "\n",
            ],
            ["event: resumed\ndata: last\n\n"],
        ],
    )

    assert told["ids"] == [None, "8-1", "8-1", "9-2"]
    assert told["events"] == [
        ["progress", '{"é": 1}'],
        ["target", "two\nlines"],
        ["paused", "tight"],
        ["resumed", "last"],
    ]
    assert told["states"] == ["connecting", "live", "retrying", "live", "retrying", "live"]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncGenerator[Page]:
    """A page in a browser of its own, that must neither complain nor break the content policy."""
    chromium = os.environ.get("TITLE1_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium: install the package `chromium`, or name one in TITLE1_CHROMIUM")
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    # The sandbox refuses to start for root, which containers often are.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    complaints: list[str] = []
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "browser",
            executable_path=chromium,
            headless=True,
            args=[*quiet, *sandbox, "--no-first-run"],
            accept_downloads=True,
            viewport={"width": 1280, "height": 900},
        )
        opened = context.pages[0]
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        opened.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        yield opened
        await context.close()
    assert complaints == []
