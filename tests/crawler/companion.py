"""A Scrapy extension that gives a crawl a second process in its group, which tells of SIGTERM instead of ending."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scrapy.crawler import Crawler

SCRIPT = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: pathlib.Path(sys.argv[1]).write_text("told"))
print("companion is here", flush=True)
while True:
    time.sleep(600)
"""


class Companion:
    """Starts the process; the setting `COMPANION` names the file that tells of SIGTERM."""

    def __init__(self, file: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(file)])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Companion:
        """Scrapy's constructor."""
        return cls(Path(crawler.settings["COMPANION"]))
