"""Where schools lie: the EDGE file in the forms of different years."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from extraction import nces_geocodes
from extraction.nces_geocodes import Geocode, GeocodeError, read_geocodes

SCHOOL = ["010000000001", "0100001", "Pine Hollow ES", "01", "12 Oak St", "Marlow", "AL", "35999", "01", "01001"]
FRONT = [*SCHOOL, "Elm County", "41", "32.5312", "-86.6433", "33860", "Marlow, AL", "1", "N", "N"]
NEW_ENGLAND = ["N", "N"]
BACK = ["0102", "01042", "01021", "2024-2025"]
NARROW, WIDE = [*FRONT, *BACK], [*FRONT, *NEW_ENGLAND, *BACK]
PLACE = Geocode("010000000001", 32.5312, -86.6433)


def written(folder: Path, *rows: list[str]) -> Path:
    path = folder / "EDGE_GEOCODE_PUBLICSCH_2425.TXT"
    path.write_text("\r\n".join("|".join(row) for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("row", [NARROW, WIDE])
def test_the_number_of_columns_differs_from_year_to_year(row: list[str], tmp_path: Path) -> None:
    assert len(row) in {23, 25}
    assert list(read_geocodes(written(tmp_path, row))) == [PLACE]


def test_a_header_and_quotes_and_eaten_zeros_do_no_harm(tmp_path: Path) -> None:
    header = ["NCESSCH", *["X"] * 24]
    odd = ["10000000001", FRONT[1], 'The "Pine Hollow ES', *WIDE[3:]]
    assert list(read_geocodes(written(tmp_path, header, odd, WIDE))) == [PLACE, PLACE]


@pytest.mark.parametrize(("latitude", "longitude"), [("0", "0"), ("", ""), ("M", "N"), ("95.0", "-86.6"), ("nan", "1")])
def test_a_row_without_a_place_is_passed_over(latitude: str, longitude: str, tmp_path: Path) -> None:
    row = [*WIDE[:12], latitude, longitude, *WIDE[14:]]
    assert list(read_geocodes(written(tmp_path, row, WIDE, ["short"]))) == [PLACE]


def test_the_archive_it_is_published_in_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "edge.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("notes.docx", "x" * 5000)
        packed.writestr("readme.txt", "hello")
        packed.write(written(tmp_path, WIDE), "EDGE_GEOCODE_PUBLICSCH_2425/EDGE_GEOCODE_PUBLICSCH_2425.TXT")
    assert list(read_geocodes(archive)) == [PLACE]
    monkeypatch.setattr(nces_geocodes, "_LARGEST", 10)
    with pytest.raises(GeocodeError, match="larger"):
        list(read_geocodes(archive))


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeocodeError, match="columns parted by"):
        list(read_geocodes(written(tmp_path, ["NCESSCH,SCH_NAME"])))
    archive = tmp_path / "other.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("ccd.csv", "x")
    with pytest.raises(GeocodeError, match=r"no \.txt file"):
        list(read_geocodes(archive))
