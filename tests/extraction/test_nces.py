"""The official directory file, with the defects it is published with."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from extraction import nces
from extraction.nces import DirectoryError, DirectorySchool, read_directory

HEADER = "NCESSCH,SCH_NAME,LEA_NAME,LEAID,ST_SCHID,LSTREET1,LCITY,LSTATE,LZIP,PHONE,WEBSITE,UPDATED_STATUS,LEVEL"
OPEN = "010000000001,Pine Hollow ES,Green Valley,0100001,AL-1,12 Oak St,Marlow,AL,01234,(205)555-0100,http://p.test,1,Elementary"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "ccd.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8-sig")
    return path


def test_a_row_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    (school,) = read_directory(written(tmp_path, OPEN))
    assert school == DirectorySchool(
        nces_id="010000000001", name="Pine Hollow ES", district="Green Valley", lea_id="0100001", state_id="AL-1",
        address="12 Oak St", city="Marlow", state="AL", zip="01234", phone="(205)555-0100", website="http://p.test",
        level="Elementary",
    )  # fmt: skip


@pytest.mark.parametrize(("status", "kept"), [("1", 1), ("2", 0), ("3", 1), ("6", 0), ("7", 0), ("8", 1)])
def test_closed_schools_are_left_out(status: str, kept: int, tmp_path: Path) -> None:
    rows = list(read_directory(written(tmp_path, OPEN.replace(",1,Elementary", f",{status},Elementary"))))
    assert len(rows) == kept


@pytest.mark.parametrize("null", ["", "M", "N", "-1", "-2", "-9", "Not reported", "†"])
def test_what_stands_for_not_known_is_none(null: str, tmp_path: Path) -> None:
    (school,) = read_directory(written(tmp_path, OPEN.replace("(205)555-0100", null).replace("http://p.test", null)))
    assert (school.phone, school.website) == (None, None)


def test_zeros_that_a_spreadsheet_ate_come_back(tmp_path: Path) -> None:
    row = OPEN.replace("010000000001", "10000000001").replace("0100001", "100001").replace("01234", "1234")
    (school,) = read_directory(written(tmp_path, row))
    assert (school.nces_id, school.lea_id, school.zip) == ("010000000001", "0100001", "01234")


def test_a_doubled_quote_in_an_unquoted_field_breaks_nothing(tmp_path: Path) -> None:
    rows = list(read_directory(written(tmp_path, OPEN.replace("Pine Hollow ES", 'Pine ""P"" Hollow'), OPEN)))
    assert [school.name for school in rows] == ['Pine ""P"" Hollow', "Pine Hollow ES"]


def test_short_rows_and_rows_without_a_name_are_passed_over(tmp_path: Path) -> None:
    assert list(read_directory(written(tmp_path, "010000000001", OPEN.replace("Pine Hollow ES", "")))) == []


def test_the_archive_it_is_published_in_is_read(tmp_path: Path) -> None:
    archive = tmp_path / "ccd.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("readme.txt", "hello")
        packed.write(written(tmp_path, OPEN), "ccd_sch_029.csv")
    assert [school.name for school in read_directory(archive)] == ["Pine Hollow ES"]


def test_an_archive_without_a_directory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "ccd.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("readme.txt", "hello")
    with pytest.raises(DirectoryError, match=r"no \.csv file"):
        list(read_directory(archive))
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("ccd.csv", HEADER)
    monkeypatch.setattr(nces, "_LARGEST", 10)
    with pytest.raises(DirectoryError, match="larger"):
        list(read_directory(archive))


def test_another_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match="NCESSCH"):
        list(read_directory(written(tmp_path, header="name,city")))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DirectoryError):
        list(read_directory(tmp_path / "empty.csv"))
