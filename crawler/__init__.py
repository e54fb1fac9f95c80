"""What the web says: a Scrapy project that finds schools' websites and reads their published staff contacts."""
