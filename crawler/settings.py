"""Scrapy's settings of this project: figures. What is ours is wired in `crawler.addon`, as `CrawlSettings` wishes.

They were measured with 200 polite hosts: `CONCURRENT_REQUESTS` must be at least the number of hosts asked at once (16
gave 52 pages/s, 256 the ceiling of 202). `CONCURRENT_ITEMS` is how many tasks Scrapy starts for every page, whatever it
yields: ours yield an item and the next request. With 16, pages that waited to be stored took 30 KB each.
"""

from pathlib import Path

from dotenv import load_dotenv

load_dotenv(Path(".env"))  # for `scrapy crawl` by hand; a worker's child has its settings from the worker

BOT_NAME = "title1"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

ADDONS = {"crawler.addon.CrawlAddon": 100}

CONCURRENT_REQUESTS = 256
CONCURRENT_REQUESTS_PER_DOMAIN = 1
CONCURRENT_ITEMS = 2
# Pages whose items wait for the database. Each takes far more memory than the bytes counted here.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 2_000_000
DOWNLOAD_MAXSIZE = 10 * 2**20
DOWNLOAD_WARNSIZE = 0
DOWNLOAD_VERIFY_CERTIFICATES = True

AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.0

RETRY_TIMES = 2
# A site that is down is no fault of the program; the school's item says so.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
# 429 and 503 are answered by the politeness middleware, which pauses the whole host instead.
RETRY_HTTP_CODES = [408, 500, 502, 504, 522, 524]
REDIRECT_MAX_TIMES = 5
COOKIES_ENABLED = False
URLLENGTH_LIMIT = 2_083

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# A crash-safe crawl can be stopped cheaply and goes on in a new process.
MEMUSAGE_LIMIT_MB = 1_024

LOG_LEVEL = "INFO"
FEED_EXPORT_ENCODING = "utf-8"
