"""Sitemaps: the pages that a site itself lists, for the discovery and the harvest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from lxml import etree
from scrapy.utils.sitemap import Sitemap

from crawler.sites import clean_url

_MOST_ENTRIES = 20_000
_MOST_SITEMAPS = 3


@dataclass(frozen=True, slots=True)
class SitemapEntries:
    """What a sitemap lists: pages, or where it is an index further sitemaps."""

    pages: list[str]
    sitemaps: list[str]


def read_sitemap(body: bytes) -> SitemapEntries:
    """Reads a sitemap; what is none lists nothing."""
    try:
        sitemap = Sitemap(body)
        places = [entry["loc"] for entry in islice(sitemap, _MOST_ENTRIES) if "loc" in entry]
    except (etree.XMLSyntaxError, StopIteration, ValueError):
        return SitemapEntries([], [])
    urls = [url for place in places if (url := clean_url(place.strip())) is not None]
    return SitemapEntries([], urls[:_MOST_SITEMAPS]) if sitemap.type == "sitemapindex" else SitemapEntries(urls, [])
