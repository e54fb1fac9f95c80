"""The limit on a crawl's memory, of what its process holds now."""

from __future__ import annotations

import psutil
from scrapy.extensions.memusage import MemoryUsage
from typing_extensions import override


class MemoryLimit(MemoryUsage):
    """Scrapy's own, which looks at the kernel's peak: that begins with the size of whoever started the crawl."""

    @override
    def get_virtual_size(self) -> int:
        return int(psutil.Process().memory_info().rss)
