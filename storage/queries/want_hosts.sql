-- Notes that a crawl waits for hosts, where no other waits already: it is next when their holders' turns are over.
UPDATE host_lease
SET wanted_by = :job_id, wanted_until = clock_timestamp() + :wish_seconds * interval '1 second'
WHERE host = ANY (CAST(:hosts AS text[]))
  AND (wanted_by IS NULL OR wanted_by = :job_id OR wanted_until < clock_timestamp())
