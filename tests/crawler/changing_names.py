"""A name server that changes its mind, put into a spider's process beneath everything that is ours."""

from __future__ import annotations

import json
import socket
from collections import Counter
from typing import Any

from scrapy.crawler import Crawler


class ChangingNames:
    """Answers for the names of the setting `CHANGING_NAMES` (JSON): for each look-up a list of addresses.

    The last answer stands for all later look-ups; how often a name was looked up is counted as `lookups/NAME`.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._answers: dict[str, list[list[str]]] = json.loads(crawler.settings["CHANGING_NAMES"])
        self._asked = Counter[str]()
        self._crawler = crawler
        self._system = socket.getaddrinfo
        socket.getaddrinfo = self._look_up

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ChangingNames:
        """Builds the extension for a crawl."""
        return cls(crawler)

    def _look_up(self, host: str, port: Any, *rest: Any, **options: Any) -> Any:
        if host not in self._answers:
            return self._system(host, port, *rest, **options)
        answers = self._answers[host]
        addresses = answers[min(self._asked[host], len(answers) - 1)]
        self._asked[host] += 1
        self._crawler.stats.set_value(f"lookups/{host}", self._asked[host])
        return [row for address in addresses for row in self._system(address, port, *rest, **options)]
