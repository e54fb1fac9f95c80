"""Runs one spider as a child process: `python -m crawler.launch SPIDER key=value … [-s NAME=VALUE …]`.

Commands start it so; a worker's spiders are forked by `crawler.forkserver`, which has imported everything, and begin
here. The child dies with its parent (SIGKILL by the kernel), so that whoever is killed leaves no crawl behind; SIGTERM
ends it cleanly within ten seconds. Its exit status says nothing about the crawl: an extension writes what happened. By
hand, `scrapy crawl` runs the same spiders.

The kernel watches the *thread* that started the child: start it from a thread that lives as long as the parent.
"""

from __future__ import annotations

import argparse
import os
import sys

from extraction.leash import end_with


def main(arguments: list[str] | None = None) -> int:
    """Runs the spider that the arguments name; returns when its crawl has ended."""
    parser = argparse.ArgumentParser(prog="crawler.launch", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("spider")
    parser.add_argument("arguments", nargs="*", metavar="key=value")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="NAME=VALUE", help="a Scrapy setting")
    parser.add_argument("--parent", type=int, help="process id of the one who asks; without it, whoever started this")
    options = parser.parse_intermixed_args(arguments)
    end_with(options.parent or os.getppid())
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    try:
        spider_arguments, settings = _pairs(options.arguments), _pairs(options.set)
    except ValueError as error:
        parser.error(str(error))
    _crawl(options.spider, spider_arguments, settings)
    return 0


def _crawl(spider: str, arguments: dict[str, str], settings: dict[str, str]) -> None:
    # Scrapy takes half a second to import; it must not widen the time in which a parent's end goes unnoticed.
    from scrapy.crawler import AsyncCrawlerProcess  # noqa: PLC0415
    from scrapy.utils.project import get_project_settings  # noqa: PLC0415

    project = get_project_settings()
    project.setdict(settings, priority="cmdline")
    process = AsyncCrawlerProcess(project)
    process.crawl(spider, **arguments)
    process.start()


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ValueError(f"{text!r} is not key=value")
        pairs[key] = value
    return pairs


if __name__ == "__main__":
    sys.exit(main())
