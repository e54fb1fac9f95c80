"""Pages that only a browser can show: Chromium without a network of its own, each of its requests made by the crawl."""
