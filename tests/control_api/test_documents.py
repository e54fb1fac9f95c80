"""Uploads: the same file is one document, and what is no readable PDF is refused with the cause."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from sqlalchemy import insert

from control_api.documents.upload import clean_filename
from storage.database import Database
from storage.models import DocumentPage
from tests.conftest import KeyedAccount
from tests.control_api.conftest import ClientOf
from tests.control_api.rows import add_listing, add_school

BOUNDARY = "form-boundary"


def a_pdf(words: str = "Title I Schools of Texas", pages: int = 1) -> bytes:
    pdf = FPDF()
    for _ in range(pages):
        pdf.add_page()
        pdf.set_font("helvetica", size=12)
        pdf.cell(text=words)
    return bytes(pdf.output())


def encrypted_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(a_pdf())))
    writer.encrypt("secret", algorithm="AES-256")
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


async def upload(client: httpx2.AsyncClient, content: bytes, name: str = "list.pdf") -> httpx2.Response:
    return await client.post("/api/v1/documents", files={"file": (name, content, "application/pdf")})


async def test_a_pdf_is_kept_and_shown(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    content = a_pdf(pages=3)
    answer = await upload(api, content, "../Title I.pdf")
    document = answer.json()
    sha256 = hashlib.sha256(content).hexdigest()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/documents/{document['id']}"
    assert {name: document[name] for name in ("filename", "sha256", "size_bytes", "pages")} == {
        "filename": "Title I.pdf",
        "sha256": sha256,
        "size_bytes": len(content),
        "pages": 3,
    }
    assert (tmp_path / "blobs" / "documents" / sha256[:2] / f"{sha256}.pdf").read_bytes() == content
    shown = (await api.get(answer.headers["location"])).json()
    assert shown.items() >= (document | {"schools": 0, "pages_url": f"{answer.headers['location']}/pages"}).items()
    assert (shown["reading"]["pages_read"], shown["reading"]["methods"], shown["reading"]["confidence"]) == (
        0,
        {},
        None,
    )
    assert (await api.get("/api/v1/documents")).json() == {"items": [document], "next": None}


async def test_the_same_file_is_one_document_however_often_it_comes_at_once(api: httpx2.AsyncClient) -> None:
    content = a_pdf()
    answers = await asyncio.gather(*(upload(api, content, f"copy {number}.pdf") for number in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_file_whose_bytes_were_lost_is_stored_again(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    content = a_pdf()
    first = await upload(api, content)
    blob = next((tmp_path / "blobs" / "documents").rglob("*.pdf"))
    blob.unlink()
    again = await upload(api, content)
    assert (again.status_code, again.json()) == (200, first.json())
    assert blob.read_bytes() == content


async def test_two_organizations_may_have_the_same_file_and_do_not_learn_of_each_other(
    api: httpx2.AsyncClient, client_of: ClientOf, outsider: KeyedAccount
) -> None:
    other = client_of(outsider)
    ours, theirs = (await upload(api, a_pdf())), (await upload(other, a_pdf()))
    assert (ours.status_code, theirs.status_code) == (201, 201)
    hidden = await other.get(f"/api/v1/documents/{ours.json()['id']}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b"<html>Not found</html>", "PDF"),
        (b"%PDF-1.7\n" + b"\x00" * 500, ""),
        (encrypted_pdf(), "password"),
        (a_pdf()[:300], ""),
    ],
    ids=["empty", "html", "garbage", "encrypted", "cut off"],
)
async def test_what_is_no_readable_pdf_is_refused_with_the_cause(
    api: httpx2.AsyncClient, content: bytes, cause: str, tmp_path: Path
) -> None:
    answer = await upload(api, content)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "PDF_EXTRACTION_ERROR")
    assert cause in problem["detail"]
    assert str(tmp_path) not in answer.text
    assert "title1-upload" not in answer.text
    assert (await api.get("/api/v1/documents")).json()["items"] == []
    assert not (tmp_path / "blobs").exists()


async def test_a_file_beyond_the_limit_is_refused(api: httpx2.AsyncClient) -> None:
    slightly = await upload(api, b"%PDF-1.7\n" + b"0" * 200_000)
    assert (slightly.status_code, slightly.json()["code"]) == (413, "UPLOAD_TOO_LARGE")
    announced = await upload(api, b"%PDF-1.7\n" + b"0" * 900_000)
    assert (announced.status_code, announced.json()["code"]) == (413, "UPLOAD_TOO_LARGE")

    async def endless() -> AsyncGenerator[bytes]:
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\n'.encode()
        for _ in range(100):
            yield b"0" * 10_000

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    streamed = await api.post("/api/v1/documents", content=endless(), headers=headers)
    assert (streamed.status_code, streamed.json()["code"]) == (413, "UPLOAD_TOO_LARGE")


def form(*parts: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.pdf"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in parts
    )
    return body + f"--{BOUNDARY}".encode() + end


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form(("document", b"x")), "no file named `file`"),
        (form(("file", b"x"), ("file", b"y")), "several files"),
        (form(("file", b"x"), end=b""), "cannot be read"),
        (form(*[(f"field{number}", b"x") for number in range(30)]), "cannot be read"),
        (b"", "cannot be read"),
    ],
)
async def test_a_form_without_exactly_one_file_is_refused(api: httpx2.AsyncClient, body: bytes, words: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = await api.post("/api/v1/documents", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED_UPLOAD")
    assert words in answer.json()["detail"]


async def test_other_bodies_than_forms_are_refused(api: httpx2.AsyncClient) -> None:
    answer = await api.post("/api/v1/documents", content=a_pdf(), headers={"Content-Type": "application/pdf"})
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    unmarked = await api.post("/api/v1/documents", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (unmarked.status_code, unmarked.json()["code"]) == (400, "MALFORMED_UPLOAD")


async def test_no_room_for_an_upload_is_told(api: httpx2.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    answer = await upload(api, a_pdf())
    assert (answer.status_code, answer.json()["code"]) == (503, "BLOBS_UNAVAILABLE")
    assert (await api.get("/api/v1/documents")).json()["items"] == []


async def test_no_room_for_a_temporary_file_is_told(api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("control_api.documents.upload.NamedTemporaryFile", full)
    answer = await upload(api, a_pdf())
    assert (answer.status_code, answer.json()["code"]) == (503, "BLOBS_UNAVAILABLE")
    assert "No space left" in answer.json()["detail"]


async def test_documents_come_in_pages_with_what_was_read(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    ids = [(await upload(api, a_pdf(f"List {number}"))).json()["id"] for number in range(3)]
    first = (await api.get("/api/v1/documents", params={"limit": 2})).json()
    rest = (await api.get("/api/v1/documents", params={"limit": 2, "cursor": first["next"]})).json()
    assert [document["id"] for document in first["items"] + rest["items"]] == ids[::-1]
    owner = account.account
    async with database.tenant(owner.organization_id) as connection:
        school = await add_school(connection, owner, "Oak Elementary")
        for row in (1, 2):
            await add_listing(connection, owner, ids[0], school, row)
        reading = {"page": 1, "method": "ruled", "confidence": 0.97, "rows_found": 2, "rows_expected": 2}
        await connection.execute(
            insert(DocumentPage).values(
                organization_id=owner.organization_id, document_id=ids[0], warnings=["one odd row"], **reading
            )
        )
    shown = (await api.get(f"/api/v1/documents/{ids[0]}")).json()
    assert shown["schools"] == 1
    assert shown["reading"]["pages"] == [reading | {"warnings": ["one odd row"]}]


async def test_a_document_of_thousands_of_pages_is_told_in_figures(
    api: httpx2.AsyncClient, database: Database, account: KeyedAccount
) -> None:
    document_id = (await upload(api, a_pdf())).json()["id"]
    page = {"organization_id": account.account.organization_id, "document_id": document_id, "method": "ruled"}
    complete = [
        page | {"page": number, "confidence": 0.9, "rows_found": 3, "rows_expected": 3, "warnings": []}
        for number in range(1, 3001)
    ]
    incomplete = [
        page | {"page": number, "confidence": 0.6, "rows_found": 2, "rows_expected": 5, "warnings": ["odd"] * 20}
        for number in range(3001, 4001)
    ]
    empty = [
        page
        | {
            "page": number,
            "method": "no_table",
            "confidence": 0.0,
            "rows_found": 0,
            "rows_expected": None,
            "warnings": [],
        }
        for number in range(4001, 4501)
    ]
    async with database.tenant(account.account.organization_id) as connection:
        await connection.execute(insert(DocumentPage), complete + incomplete + empty)
    answer = await api.get(f"/api/v1/documents/{document_id}")
    reading = answer.json()["reading"]
    assert len(answer.content) < 5_000
    told = reading.pop("pages")
    assert reading == {
        "rows": 11_000,
        "rows_expected": 14_000,
        "confidence": round((0.9 * 9_000 + 0.6 * 2_000) / 11_000, 3),
        "pages_read": 4_500,
        "methods": {"ruled": 4_000, "no_table": 500},
        "outcomes": {"complete": 3_000, "incomplete": 1_000, "empty": 500},
        "warnings": 20_000,
        "pages_with_warnings": 1_000,
    }
    assert [odd["page"] for odd in told] == list(range(3_001, 3_011))
    assert {len(odd["warnings"]) for odd in told} == {5}
    pages: list[int] = []
    listed = (await api.get(answer.json()["pages_url"], params={"limit": 200})).json()
    while True:
        pages += [item["page"] for item in listed["items"]]
        if listed["next"] is None:
            break
        cursor = {"limit": 200, "cursor": listed["next"]}
        listed = (await api.get(answer.json()["pages_url"], params=cursor)).json()
    assert pages == list(range(1, 4_501))


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("list.pdf", "list.pdf"),
        ("C:\\Users\\ada\\list.pdf", "list.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\x00\r\nb.pdf", "ab.pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("", "document.pdf"),
        ("x" * 300, "x" * 200),
    ],
)
def test_file_names_lose_folders_and_control_characters(printed: str, kept: str) -> None:
    assert clean_filename(printed) == kept
