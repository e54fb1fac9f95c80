"""The settings of the browser (`TITLE1_BROWSER_…`), where Chromium is, and what is missing where there is none."""

from __future__ import annotations

import os
import shutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import msgspec
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_LIBRARY = "scrapy_playwright"
_INSTALL_LIBRARY = 'pip install "title1[browser]"'
_INSTALL_PROGRAM = "apt-get install chromium (macOS: brew install --cask chromium), or name one in TITLE1_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_MAC_PROGRAMS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


class BrowserSettings(BaseSettings):
    """What showing a page may cost. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="TITLE1_BROWSER_", extra="ignore", frozen=True, populate_by_name=True)

    chromium: Path | None = Field(
        default=None, validation_alias="TITLE1_CHROMIUM", description="The Chromium to use; else one on the PATH"
    )
    pages_per_school: int = Field(
        default=8, ge=0, le=100, description="Pages shown in a browser per school at most; 0 shows none"
    )
    # A page's requests keep the pause of their host: thirty scripts of one host take half a minute at one a second.
    page_seconds: float = Field(default=60.0, ge=1, le=600, description="Longest time for one page; then it is read")
    quiet_seconds: float = Field(
        default=0.5, ge=0.05, le=30, description="A page that has asked for nothing for so long is complete"
    )
    requests_per_page: int = Field(default=60, ge=1, le=1000, description="Requests that one page may make")
    bytes_per_page: int = Field(default=15 * 2**20, ge=2**16, description="Bytes that one page may load")
    pages_at_once: int = Field(default=2, ge=1, le=16, description="Pages shown at the same time")
    sandbox: bool = Field(
        default=True,
        description="Chromium's own sandbox; off for root, and where a container that forbids it is the cage",
    )
    pages_per_browser: int = Field(default=25, ge=1, description="Pages after which Chromium is started anew")


class MissingPart(msgspec.Struct, frozen=True):
    """Something that showing pages needs and this machine lacks."""

    name: str
    remedy: str


@cache
def browser_settings() -> BrowserSettings:
    """Returns the settings of this process, read from the environment once."""
    return BrowserSettings()


def find_chromium() -> str | None:
    """Returns the Chromium to use: the one that is set, else the first on the PATH or in the folder of applications."""
    chosen = browser_settings().chromium
    if chosen is not None:
        return shutil.which(str(chosen))
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or next((path for path in _MAC_PROGRAMS if os.access(path, os.X_OK)), None)


def missing_parts() -> list[MissingPart]:
    """What is missing here for showing pages; nothing where they can be shown."""
    missing: list[MissingPart] = []
    if find_spec(_LIBRARY) is None:
        missing.append(MissingPart("scrapy-playwright", _INSTALL_LIBRARY))
    if find_chromium() is None:
        missing.append(MissingPart("chromium", _INSTALL_PROGRAM))
    return missing


def why_none() -> str | None:
    """Says in a sentence why no page is shown here and how to change that; None where pages are shown."""
    missing = missing_parts()
    if missing:
        names = " and ".join(part.name for part in missing)
        return f"No browser is here ({names}): " + "; ".join(part.remedy for part in missing) + "."
    if browser_settings().pages_per_school == 0:
        return "No page is shown in a browser, by TITLE1_BROWSER_PAGES_PER_SCHOOL."
    return None
