"""Evidence that can be seen: a list is read by a job, and its pages are shown with a school's values highlighted."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fpdf import FPDF
from PIL import Image, ImageChops

from control_api.documents.pictures import BusyError, PagePicture, PictureDesk
from control_api.work.attempt import Attempt
from control_api.work.extract import extract_schools
from control_api.work.page_report import MOST_PAGES
from control_api.work.settings import WorkerSettings
from extraction.schools.marks import DRAWING_VERSION
from storage.accounts import Account
from storage.blobs import Blobs
from storage.database import Database
from storage.jobs import JobKind, NewJob, create_job
from storage.leases import Limits, claim_job, enlist_worker, settle
from storage.schools import ReadPage, store_page
from storage.settings import StorageSettings
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf
from tests.control_api.test_documents import upload

HEADER = ("School Name", "District", "City", "Title I Status")


def a_list(pages: int = 2) -> bytes:
    """Three schools a page, and a last page of prose."""
    pdf = FPDF(unit="pt", format="letter")
    pdf.set_font("helvetica", size=10)
    for page in range(pages):
        pdf.add_page()
        pdf.cell(0, 20, "Texas Education Agency - Title I Schools", new_x="LMARGIN", new_y="NEXT")
        with pdf.table(col_widths=(60, 50, 40, 30)) as table:
            table.row(HEADER)
            for number in range(3):
                table.row([f"Quillfern {3 * page + number} School", "Quillfern ISD", "Austin", "Schoolwide"])
    pdf.add_page()
    pdf.cell(0, 20, "Questions are answered by the office.")
    return bytes(pdf.output())


async def read_by_a_job(
    database: Database, storage_settings: StorageSettings, account: Account, document_id: str
) -> tuple[UUID, dict[str, Any]]:
    async with database.tenant(account.organization_id) as connection:
        job_id, _ = await create_job(
            connection,
            NewJob(account.organization_id, account.user_id, JobKind.EXTRACT_SCHOOLS, {"document_id": document_id}),
        )
    session = await database.connect()
    try:
        lease = await claim_job(database, job_id, await enlist_worker(session), Limits())
        assert lease is not None
        blobs = Blobs.configured(storage_settings)
        settlement = await extract_schools(Attempt(lease, database, blobs, WorkerSettings(), storage_settings))
        await settle(database, lease, settlement)
    finally:
        await session.close()
    return job_id, settlement.result


@pytest.fixture
async def listing(
    api: httpx2.AsyncClient, database: Database, storage_settings: StorageSettings, account: KeyedAccount
) -> tuple[str, dict[str, Any]]:
    """A document that was read, and the job's result."""
    document = (await upload(api, a_list())).json()
    _, result = await read_by_a_job(database, storage_settings, account.account, document["id"])
    return document["id"], result


async def school_id(api: httpx2.AsyncClient, name: str) -> int:
    [school] = (await api.get("/api/v1/schools", params={"q": name})).json()["items"]
    return school["id"]


def image_of(answer: httpx2.Response) -> Image.Image:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


async def test_a_page_is_shown_with_a_schools_values_highlighted(
    api: httpx2.AsyncClient, listing: tuple[str, dict[str, Any]]
) -> None:
    address = f"/api/v1/documents/{listing[0]}/pages/2.png"
    school = (await api.get(f"/api/v1/schools/{await school_id(api, 'Quillfern 4')}")).json()
    assert [(row["document_id"], row["page"]) for row in school["listed_in"]] == [(listing[0], 2)]
    plain = image_of(await api.get(address, params={"dpi": 72}))
    assert plain.size == (612, 792)
    marked = image_of(await api.get(address, params={"dpi": 72, "highlight": school["id"]}))
    boxes = [seen["box"] for seen in school["evidence"] if seen["box"]]
    assert len(boxes) == 4
    for left, top, right, bottom in boxes:
        inside = (round(left), round(top), round(right), round(bottom))
        assert ImageChops.difference(plain.crop(inside), marked.crop(inside)).getbbox() is not None
    changed = ImageChops.difference(plain, marked).getbbox()
    around = tuple(edge(box[at] for box in boxes) for at, edge in enumerate((min, min, max, max)))
    assert changed == pytest.approx(around, abs=4)


async def test_a_picture_is_drawn_once_and_then_only_asked_about(
    api: httpx2.AsyncClient, listing: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/api/v1/documents/{listing[0]}/pages/1.png"
    first = await api.get(address)
    assert (first.headers["cache-control"], first.headers["vary"]) == ("private, no-cache", "Authorization")
    other = await api.get(address, params={"dpi": 72})
    assert other.headers["etag"] != first.headers["etag"]

    def drawn_again(*_: object, **__: object) -> None:
        raise AssertionError("the picture is known")

    monkeypatch.setattr("control_api.documents.pictures.render_page", drawn_again)
    again = await api.get(address, headers={"If-None-Match": f'W/"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_a_new_way_of_drawing_makes_new_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = PagePicture("ab", 1, 110, ())
    before = picture.etag
    monkeypatch.setattr("control_api.documents.pictures.DRAWING_VERSION", DRAWING_VERSION + 1)
    assert picture.etag != before


@pytest.mark.parametrize(
    ("page", "query", "status", "words"),
    [
        ("4.png", {}, 404, "has 3 pages; there is no page 4"),
        ("0.png", {}, 404, "called 1.png, 2.png"),
        ("1.jpg", {}, 404, "called 1.png, 2.png"),
        ("1.png", {"highlight": 999_999}, 404, "Nothing on page 1"),
        ("1.png", {"highlight": "x"}, 400, ""),
        ("1.png", {"highlight": 2**70}, 400, ""),
        ("1.png", {"dpi": 9999}, 400, ""),
        ("99999999999999999999.png", {}, 400, ""),
    ],
)
async def test_what_cannot_be_shown_is_told(
    api: httpx2.AsyncClient,
    listing: tuple[str, dict[str, Any]],
    page: str,
    query: dict[str, Any],
    status: int,
    words: str,
) -> None:
    answer = await api.get(f"/api/v1/documents/{listing[0]}/pages/{page}", params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]


async def test_a_school_that_another_page_names_is_not_highlighted_here(
    api: httpx2.AsyncClient, listing: tuple[str, dict[str, Any]]
) -> None:
    fourth = await school_id(api, "Quillfern 4")
    answer = await api.get(f"/api/v1/documents/{listing[0]}/pages/1.png", params={"highlight": fourth})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


async def test_another_organization_sees_neither_pages_nor_pictures(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount, listing: tuple[str, dict[str, Any]]
) -> None:
    other = client_of(outsider)
    unknown = listing[0].replace(listing[0][:8], "00000000")
    for path in ("pages", "pages/1.png"):
        hidden = await other.get(f"/api/v1/documents/{listing[0]}/{path}")
        absent = await other.get(f"/api/v1/documents/{unknown}/{path}")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "NOT_FOUND")
        assert hidden.json()["detail"].replace(listing[0], unknown) == absent.json()["detail"]
    ours = await school_id(api, "Quillfern 1")
    theirs = (await upload(other, a_list())).json()["id"]
    answer = await other.get(f"/api/v1/documents/{theirs}/pages/1.png", params={"highlight": ours})
    assert answer.status_code == 404


async def test_a_document_whose_bytes_were_lost_says_so(
    api: httpx2.AsyncClient, listing: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    next((tmp_path / "blobs" / "documents").rglob("*.pdf")).unlink()
    answer = await api.get(f"/api/v1/documents/{listing[0]}/pages/1.png")
    assert answer.status_code == 404
    assert "Upload the same file again" in answer.json()["detail"]
    assert str(tmp_path) not in answer.text


async def test_only_so_many_pages_are_drawn_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, storage_settings: StorageSettings
) -> None:
    blob = tmp_path / "list.pdf"
    blob.write_bytes(a_list())
    blobs = Blobs.configured(storage_settings)
    blobs.put_file("documents/ab/list.pdf", blob)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slowly(*_: object, **__: object) -> bytes:
        begun.release()
        assert go_on.wait(30)
        return b"a picture"

    monkeypatch.setattr("control_api.documents.pictures.render_page", slowly)
    desk = PictureDesk(1, wait_seconds=0.05)
    picture = PagePicture("ab", 1, 72, ())
    first = asyncio.create_task(desk.draw(picture, blobs, "documents/ab/list.pdf"))
    await asyncio.to_thread(begun.acquire)
    with pytest.raises(BusyError, match="try again"):
        await desk.draw(picture, blobs, "documents/ab/list.pdf")
    # Who goes away does not make room: the page is still being drawn.
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with pytest.raises(BusyError):
        await desk.draw(picture, blobs, "documents/ab/list.pdf")
    go_on.set()
    patient = PictureDesk(1)
    assert await patient.draw(picture, blobs, "documents/ab/list.pdf") == b"a picture"


async def test_the_job_tells_how_pages_were_read_and_the_api_has_all_of_them(
    api: httpx2.AsyncClient, listing: tuple[str, dict[str, Any]]
) -> None:
    document_id, result = listing
    assert {name: result[name] for name in ("schools", "rows", "rows_expected", "pages_read", "methods")} == {
        "schools": 6,
        "rows": 6,
        "rows_expected": 6,
        "pages_read": 3,
        "methods": {"ruled": 2, "no_table": 1},
    }
    assert 0.8 < result["confidence"] <= 1
    [odd] = result["pages"]
    assert result["pages_with_warnings"] == 1
    assert (odd["page"], odd["method"], odd["rows_found"]) == (3, "no_table", 0)
    assert "no list of schools" in odd["warnings"][0]
    first = (await api.get(f"/api/v1/documents/{document_id}/pages", params={"limit": 2})).json()
    rest = (await api.get(f"/api/v1/documents/{document_id}/pages", params={"cursor": first["next"]})).json()
    pages = first["items"] + rest["items"]
    assert [(page["page"], page["method"], page["rows_found"]) for page in pages] == [
        (1, "ruled", 3),
        (2, "ruled", 3),
        (3, "no_table", 0),
    ]
    assert rest["next"] is None
    assert pages[2]["warnings"] == odd["warnings"]


async def test_the_result_of_a_long_document_stays_short(
    api: httpx2.AsyncClient, database: Database, storage_settings: StorageSettings, account: KeyedAccount
) -> None:
    document = (await upload(api, a_list(pages=1))).json()
    owner = account.account
    job_id, _ = await read_by_a_job(database, storage_settings, owner, document["id"])
    async with database.tenant(owner.organization_id) as connection:
        for number in range(10, 10 + 3 * MOST_PAGES):
            page = ReadPage(UUID(document["id"]), number, "no_table", 0.0, None, ["odd"] * 20, [])
            await store_page(
                connection,
                page,
                organization_id=owner.organization_id,
                job_id=job_id,
                attempt=1,
                seen_at=datetime.now(UTC),
            )
    _, result = await read_by_a_job(database, storage_settings, owner, document["id"])
    assert result["methods"]["no_table"] == 3 * MOST_PAGES + 1
    assert result["pages_with_warnings"] == 3 * MOST_PAGES + 1
    assert len(result["pages"]) == MOST_PAGES
    assert max(len(page["warnings"]) for page in result["pages"]) == 5
