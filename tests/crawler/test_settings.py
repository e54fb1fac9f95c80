"""The policies of a crawl, stated as tests: nobody lowers them by accident."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

from crawler.addon import CrawlAddon
from crawler.crawl_settings import CrawlSettings
from crawler.discovery.settings import DiscoverySettings
from crawler.middlewares.unchanged import UnchangedMiddleware
from crawler.spiders.base import VisitSpider


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "crawler.settings")
    wired = get_project_settings()
    CrawlAddon().update_settings(wired)
    return wired


def test_no_spider_changes_a_setting(settings: Settings) -> None:
    loader = SpiderLoader.from_settings(settings)
    names = loader.list()
    assert {"staff_directory", "website_discovery"} <= set(names)
    for name in names:
        spider = loader.load(name)
        assert issubclass(spider, VisitSpider) or name == "page"
        assert not spider.custom_settings
        assert not {"download_delay", "max_concurrent_requests", "user_agent"} & set(vars(spider))


def test_one_request_at_a_time_and_a_second_between(settings: Settings) -> None:
    assert settings.getfloat("DOWNLOAD_DELAY") >= 1.0
    assert settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") == 1
    assert settings.getint("CONCURRENT_REQUESTS") >= 256
    assert settings.getint("CONCURRENT_ITEMS") <= 16
    assert settings["USER_AGENT"].startswith("Title1/")
    assert settings["ROBOTSTXT_USER_AGENT"] == "Title1"


def test_no_back_doors(settings: Settings) -> None:
    assert settings.getbool("TELNETCONSOLE_ENABLED") is False
    assert settings.getbool("REMOTE_CONTROL_ENABLED") is False
    assert settings.getbool("COOKIES_ENABLED") is False


def test_only_the_guarded_transport_fetches(settings: Settings) -> None:
    handlers = {scheme: path for scheme, path in settings.getwithbase("DOWNLOAD_HANDLERS").items() if path is not None}
    guarded = "crawler.middlewares.address_guard.GuardedDownloadHandler"
    assert handlers == {"http": guarded, "https": guarded}
    proxies = "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware"
    assert settings["DOWNLOADER_MIDDLEWARES"][proxies] is None


def test_who_reads_kept_pages_again_can_fetch_nothing(settings: Settings) -> None:
    spider = SpiderLoader.from_settings(settings).load("staff_replay")
    CrawlAddon.from_crawler(Crawler(spider, settings)).update_settings(settings)
    assert {path for path in settings.getwithbase("DOWNLOAD_HANDLERS").values() if path is not None} == set()


def test_nothing_in_the_room_fetches_by_another_way() -> None:
    for source in Path("crawler").rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        for client in ("httpx", "requests", "aiohttp", "urllib.request", "http.client"):
            assert f"import {client}" not in text, f"{source} brings a client of its own"
            assert f"from {client}" not in text, f"{source} brings a client of its own"


def test_a_crawl_for_a_job_stores_and_reports(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    spider = SpiderLoader.from_settings(settings).load("staff_directory")
    crawl = Crawler(spider, settings)
    crawl.spider = spider.from_crawler(crawl, job="17", attempt="2")
    wired = get_project_settings()
    CrawlAddon.from_crawler(crawl).update_settings(wired)
    for pipeline in ("crawler.pipelines.suppress.SuppressPipeline", "crawler.pipelines.store.StorePipeline"):
        assert pipeline in wired["ITEM_PIPELINES"]
        assert pipeline not in settings["ITEM_PIPELINES"]


@pytest.mark.parametrize(
    ("name", "job", "in_browser", "compares"),
    [
        ("staff_directory", "17", False, True),
        ("staff_directory", None, False, False),
        ("staff_directory", "17", True, False),
        ("website_discovery", "17", False, False),
        ("staff_replay", "17", False, False),
    ],
)
def test_only_a_harvest_for_a_job_and_without_a_browser_compares_pages(
    settings: Settings, name: str, job: str | None, *, in_browser: bool, compares: bool
) -> None:
    spider = SpiderLoader.from_settings(settings).load(name)
    crawl = Crawler(spider, settings)
    crawl.spider = spider.from_crawler(crawl, **({"job": job, "attempt": "1"} if job else {}))
    if in_browser:
        vars(crawl.spider)["in_browser"] = True
    wired = get_project_settings()
    CrawlAddon.from_crawler(crawl).update_settings(wired)
    assert ("crawler.middlewares.unchanged.UnchangedMiddleware" in wired["DOWNLOADER_MIDDLEWARES"]) is compares


def test_where_no_page_is_kept_none_is_compared(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITLE1_KEEP_PAGES_DAYS", "0")
    spider = SpiderLoader.from_settings(settings).load("staff_directory")
    with pytest.raises(NotConfigured, match="no page is kept"):
        UnchangedMiddleware.from_crawler(Crawler(spider, settings))


def test_lists_in_the_environment_are_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TITLE1_CRAWL_ALLOW_ADDRESSES", "127.0.0.0/8, fd00::/8")
    monkeypatch.setenv("TITLE1_CRAWL_ALLOW_PORTS", "8080 8443")
    read = CrawlSettings()
    assert read.allow_addresses == (ip_network("127.0.0.0/8"), ip_network("fd00::/8"))
    assert read.allow_ports == (8080, 8443)


def test_a_service_that_is_not_set_up_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TITLE1_SEARXNG_URL", "TITLE1_WIKIDATA_URL", "TITLE1_BRAVE_KEY"):
        monkeypatch.setenv(name, "")
    assert DiscoverySettings().services() == {}
    monkeypatch.setenv("TITLE1_SEARXNG_URL", "http://search.test/")
    monkeypatch.setenv("TITLE1_BRAVE_KEY", "k-1")
    services = DiscoverySettings().services()
    assert services.keys() == {"http://search.test", "https://api.search.brave.com"}
    assert services["https://api.search.brave.com"]["X-Subscription-Token"] == "k-1"
    assert "k-1" not in repr(DiscoverySettings())


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("https://school-crawl.example/about", "(+https://school-crawl.example/about)"),
        ("me@operator.example", "(+mailto:me@operator.example)"),
        ("mailto:me@operator.example", "(+mailto:me@operator.example)"),
    ],
)
def test_the_contact_is_in_the_user_agent(given: str, printed: str) -> None:
    assert CrawlSettings(contact=given).user_agent.endswith(printed)


@pytest.mark.parametrize("given", ["me", "ftp://x.test", "https://x.test/ (really)", "me@", "a b@c.de"])
def test_what_is_no_contact_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="web address"):
        CrawlSettings(contact=given)


def test_an_empty_contact_is_none() -> None:
    assert CrawlSettings(contact=" ").contact is None
    assert "(" not in CrawlSettings(contact=None).user_agent
