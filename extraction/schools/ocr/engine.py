"""The engine: the program `tesseract`, which reads the words of a picture.

It is a program of its own, started once a picture: it takes the picture on standard input and prints a table of words.
It runs inside the cage with the limits of the child that starts it, and never longer than it is given.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec

import msgspec

from extraction.errors import ExtractionError

PROGRAM = "tesseract"
_LIBRARY = "numpy"
_INSTALL_LIBRARY = 'pip install "title1[ocr]"'
_INSTALL_PROGRAM = "apt-get install tesseract-ocr"

_ONE_BLOCK = "6"
"""Tesseract's page segmentation: one block of lines. Its own search for columns loses half the cells of a table."""

_NOT_IN_LISTS = "!_~{}<>«»©®°¢£¥€§“”‘\\"
"""Characters that lists of schools do not print; the engine reads the letter that is mistaken for one ("Schoo!").

The bar is none of them: made to choose again, the engine is so unsure of the I in "Title I" that it drops it.
"""

_WORD_LEVEL = "5"


class OcrError(ExtractionError):
    """A scan could not be read; the message says why and what to do."""


class Reading(msgspec.Struct, frozen=True):
    """One word as the engine reads it, in pixels from the upper left corner of the picture."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    sure: float
    """From 0 to 1."""
    line: tuple[int, int, int]
    """Which line of the picture it belongs to."""


class MissingPart(msgspec.Struct, frozen=True):
    """Something that reading scans needs and this machine lacks."""

    name: str
    remedy: str


def missing_parts() -> list[MissingPart]:
    """What is missing here for reading scans; nothing where scans can be read."""
    missing: list[MissingPart] = []
    if find_spec(_LIBRARY) is None:
        missing.append(MissingPart(_LIBRARY, _INSTALL_LIBRARY))
    if shutil.which(PROGRAM) is None:
        missing.append(MissingPart(PROGRAM, _INSTALL_PROGRAM))
    return missing


def check_installed() -> None:
    """Do nothing where scans can be read.

    Raises:
        OcrError: Parts are missing; the message names them and how to get them.
    """
    missing = missing_parts()
    if not missing:
        return
    names = " and ".join(part.name for part in missing)
    remedies = " and ".join(f"`{remedy}`" for remedy in dict.fromkeys(part.remedy for part in missing))
    raise OcrError(f"{names} {'are' if len(missing) > 1 else 'is'} not installed here. Run {remedies}.")


def read_picture(picture: bytes, dpi: int, *, seconds: float) -> list[Reading]:
    """The words of a picture (a file of any usual kind), in the order in which they are read.

    Raises:
        OcrError: The program failed or took longer than `seconds`.
    """
    variables = (
        "tessedit_create_tsv=1",
        f"tessedit_char_blacklist={_NOT_IN_LISTS}",
        # Light letters on dark ground are turned round before; trying each line both ways costs a fifth of the time.
        "tessedit_do_invert=0",
        # Whether type is set in equal widths only the engine before this one needed to know; 6 % of the time.
        "textord_all_prop=1",
    )
    command = [PROGRAM, "stdin", "stdout", "--psm", _ONE_BLOCK, "--dpi", str(dpi)]
    command += [part for variable in variables for part in ("-c", variable)]
    try:
        # One thread: two take twice the processor time for a quarter less waiting.
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired:
        raise OcrError(
            f"reading its picture took longer than {seconds:.0f} s (TITLE1_PDF_OCR_SECONDS)."
            " Raise the limit or lower TITLE1_PDF_OCR_DPI."
        ) from None
    except OSError as error:
        raise OcrError(f"tesseract could not be started ({error}). Run `{_INSTALL_PROGRAM}`.") from error
    if done.returncode != 0:
        raise OcrError(f"tesseract failed ({_cause(done.returncode, done.stderr)}).")
    return _readings(done.stdout.decode("utf-8", "replace"))


def _cause(status: int, said: bytes) -> str:
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    if any("data file" in line or "load any languages" in line for line in lines):
        return "it has no data for English; Debian's package is tesseract-ocr-eng"
    if status < 0:
        return f"ended by signal {-status}; perhaps it needs more memory, see TITLE1_PDF_MEMORY_MB"
    return lines[0][:200] if lines else f"status {status}"


def _readings(table: str) -> list[Reading]:
    """The word rows of the table: level, page, block, paragraph, line, word, left, top, width, height, conf, text."""
    readings: list[Reading] = []
    for row in table.splitlines():
        parts = row.split("\t")
        if len(parts) < 12 or parts[0] != _WORD_LEVEL or not (text := parts[11].strip()):
            continue
        left, top, width, height = map(int, parts[6:10])
        sure = min(1.0, max(0.0, float(parts[10]) / 100))
        line = int(parts[2]), int(parts[3]), int(parts[4])
        readings.append(Reading(text, left, top, left + width, top + height, sure, line))
    return readings
