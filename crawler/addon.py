"""Wires the crawl: one Scrapy add-on that puts our scheduler, transport, middlewares, pipelines and feeds in place.

Everything here is decided by the operator's `CrawlSettings` and by what the rooms need together; `settings.py` holds
only figures. The order of the middlewares is the way of a request: look-up of guessed hosts, robots.txt, pace, (retry),
redirects, conditions, headers of services, transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.settings import BaseSettings

from crawler.crawl_settings import PRODUCT, crawl_settings
from extraction.llm.settings import LlmSettings

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

_HANDLER = "crawler.middlewares.address_guard.GuardedDownloadHandler"
_BROWSER_HANDLER = "crawler.browser.transport.BrowserDownloadHandler"
_FEEDS = "crawler.feeds"

_DOWNLOADER_MIDDLEWARES: dict[str, int | None] = {
    "crawler.middlewares.guessed_hosts.GuessedHostsMiddleware": 50,
    "crawler.middlewares.robots.RobotsMiddleware": 100,
    "crawler.middlewares.politeness.PolitenessMiddleware": 560,
    "crawler.middlewares.redirects.UnfilteredMetaRefreshMiddleware": 580,
    "crawler.middlewares.answer_limits.BoundedUnpacking": 590,
    "crawler.middlewares.redirects.UnfilteredRedirectMiddleware": 600,
    "crawler.middlewares.services.ServiceHeadersMiddleware": 890,
    # Ours stand in their places.
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    # No proxies, no passwords and no off-site rule of Scrapy's: the visit itself knows where it may go.
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
}
_PIPELINES: dict[str, int] = {
    "crawler.pipelines.normalize.NormalizePipeline": 100,
    "crawler.pipelines.check.CheckPipeline": 200,
}
# Only harvests keep pages, and only for a job; by hand, this is not even imported.
_COMPARING_MIDDLEWARES: dict[str, int | None] = {"crawler.middlewares.unchanged.UnchangedMiddleware": 650}
# Only a harvest with a model asks one; the others do not even import what asking needs.
_ASKING_PIPELINES: dict[str, int] = {"crawler.pipelines.ask.AskPipeline": 50}
# Only a crawl for a job has a database; by hand, these are not even imported.
_JOB_PIPELINES: dict[str, int] = {
    "crawler.pipelines.suppress.SuppressPipeline": 300,
    "crawler.pipelines.store.StorePipeline": 900,
}
_EXTENSIONS: dict[str, int | None] = {
    "crawler.extensions.memory.MemoryLimit": 0,
    # Ours stands in its place.
    "scrapy.extensions.memusage.MemoryUsage": None,
}
_JOB_EXTENSIONS: dict[str, int | None] = {
    "crawler.extensions.job_report.JobReport": 0,
    "crawler.extensions.job_budget.JobBudget": 0,
}
PARTS = (
    _HANDLER,
    *_DOWNLOADER_MIDDLEWARES,
    *_COMPARING_MIDDLEWARES,
    *_PIPELINES,
    *_ASKING_PIPELINES,
    *_JOB_PIPELINES,
    *_EXTENSIONS,
    *_JOB_EXTENSIONS,
)
"""The classes that a crawl without a browser may have wired, for whoever imports them beforehand."""


class CrawlAddon:
    """The project's add-on."""

    def __init__(
        self,
        *,
        for_job: bool = False,
        compares: bool = False,
        asks: bool = False,
        in_browser: bool = False,
        replays: bool = False,
    ) -> None:
        self._for_job = for_job
        self._compares = compares
        self._asks = asks
        self._in_browser = in_browser
        self._replays = replays

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> CrawlAddon:
        """Builds the add-on for a crawl."""
        spider = crawler.spider
        replays = crawler.spidercls.name == "staff_replay"
        harvests = crawler.spidercls.name == "staff_directory"
        asks = (replays or harvests) and LlmSettings().configured_for_staff
        in_browser = bool(getattr(spider, "in_browser", False))
        for_job = bool(getattr(spider, "job", None))
        compares = for_job and harvests and not in_browser
        return cls(for_job=for_job, compares=compares, asks=asks, in_browser=in_browser, replays=replays)

    def update_settings(self, settings: BaseSettings) -> None:
        """Sets what the project decides; the command line still wins where it can only make a crawl slower."""
        operator = crawl_settings()
        # Who reads kept pages asks nobody for anything, whatever a reader or a defect of ours would like to have.
        handler = None if self._replays else _BROWSER_HANDLER if self._in_browser else _HANDLER
        own: dict[str, Any] = {
            "SCHEDULER": "crawler.journal.JournalScheduler",
            "DUPEFILTER_CLASS": "crawler.journal.SeenFilter",
            "REQUEST_FINGERPRINTER_CLASS": "crawler.fingerprints.VisitFingerprinter",
            "DOWNLOADER": "crawler.middlewares.polite_downloader.PoliteDownloader",
            "DOWNLOAD_HANDLERS": {
                "http": handler,
                "https": handler,
                "data": None,
                "file": None,
                "ftp": None,
                "s3": None,
            },
            "DOWNLOAD_TIMEOUT": operator.timeout_seconds,
            "USER_AGENT": operator.user_agent,
            "ROBOTSTXT_USER_AGENT": PRODUCT,
            "AUTOTHROTTLE_START_DELAY": operator.delay_seconds,
            "FEED_EXPORTERS": {
                "json": f"{_FEEDS}.JsonRows",
                "jsonlines": f"{_FEEDS}.JsonLinesRows",
                "jsonl": f"{_FEEDS}.JsonLinesRows",
                "jl": f"{_FEEDS}.JsonLinesRows",
                "csv": f"{_FEEDS}.CsvRows",
            },
        }
        for name, value in own.items():
            settings.set(name, value, priority="addon")
        # PoliteDownloader keeps the floor whatever is set here; a spider or command line can only raise it.
        slower = max(operator.delay_seconds, settings.getfloat("DOWNLOAD_DELAY"))
        settings.set("DOWNLOAD_DELAY", slower, priority="cmdline")
        parts: dict[str, dict[str, Any]] = {
            "DOWNLOADER_MIDDLEWARES": _DOWNLOADER_MIDDLEWARES | (_COMPARING_MIDDLEWARES if self._compares else {}),
            "ITEM_PIPELINES": (
                _PIPELINES | (_ASKING_PIPELINES if self._asks else {}) | (_JOB_PIPELINES if self._for_job else {})
            ),
            "EXTENSIONS": _EXTENSIONS | (_JOB_EXTENSIONS if self._for_job else {}),
        }
        for setting, places in parts.items():
            for path, place in places.items():
                settings[setting].set(path, place, priority="addon")
