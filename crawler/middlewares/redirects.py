"""Redirects that cannot end a school's chain: they are never filtered as duplicates, and there are five at most.

Stands where Scrapy's own redirect middlewares stand. Each hop passes robots.txt, the pace and the guard of its host.
"""

from __future__ import annotations

from typing import Any

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from typing_extensions import override

from crawler.fingerprints import VISIT_START
from crawler.sites import GUESSED


class UnfilteredRedirectMiddleware(RedirectMiddleware):
    """HTTP redirects."""

    @override
    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        return _unfiltered(super()._redirect(redirected, request, reason))


class UnfilteredMetaRefreshMiddleware(MetaRefreshMiddleware):
    """Redirects that a page asks for in its head."""

    @override
    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        return _unfiltered(super()._redirect(redirected, request, reason))


def _unfiltered(request: Request) -> Request:
    # A start request is known by its school alone, so its redirect would look like itself.
    request.dont_filter = True
    request.meta.pop(VISIT_START, None)
    # Whoever redirects says that the other host exists.
    request.meta.pop(GUESSED, None)
    return request
