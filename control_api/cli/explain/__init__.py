"""What `title1 extract schools --explain` leaves behind: each page as it was seen, beside the rows read from it."""
