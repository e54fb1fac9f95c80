"""What a worker does with a job it has claimed: one module a kind of work, and what they share."""
