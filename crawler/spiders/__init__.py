"""The spiders: they fetch and follow; what a page means is decided in `extraction` and `crawler.discovery`."""
