"""Tells in one line of JSON whether pages can be shown here: `python -m crawler.browser`."""

from __future__ import annotations

import sys

import msgspec

from crawler.browser.settings import find_chromium, missing_parts

if __name__ == "__main__":
    told = {"chromium": find_chromium(), "missing": missing_parts()}
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
