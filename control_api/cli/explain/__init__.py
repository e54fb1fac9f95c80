"""What `title1 extract … --explain` shows: pages as they were seen, beside what was read from them and why."""
