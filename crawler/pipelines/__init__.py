"""What every item passes on its way to the feed or the database; each pipeline has one purpose."""
