-- Gives a crawl those of the hosts that nobody else holds or was promised, and tells what is known of them.
-- A later attempt of a job takes what an earlier one held: its process is gone. When a lost holder asked last, nobody
-- knows: the whole pause that it told begins anew, and stands for the one after it as well. Rows are locked by name, so
-- that two crawls that want the same hosts do not wait for each other in a ring.
WITH asked AS MATERIALIZED (
    SELECT *
    FROM host_lease
    WHERE host = ANY (CAST(:hosts AS text[]))
    ORDER BY host
    FOR UPDATE
)
UPDATE host_lease
SET job_id = :job_id,
    attempt = :attempt,
    until = clock_timestamp() + :lease_seconds * interval '1 second',
    wanted_by = NULL,
    wanted_until = NULL,
    not_before = CASE
        WHEN asked.until IS NULL THEN asked.not_before
        ELSE clock_timestamp() + (asked.not_before - asked.touched_at)
    END,
    touched_at = clock_timestamp()
FROM asked
WHERE host_lease.host = asked.host
  AND (
      asked.until IS NULL
      OR asked.until < clock_timestamp()
      OR (asked.job_id = :job_id AND asked.attempt <= :attempt)
  )
  AND (asked.wanted_by IS NULL OR asked.wanted_by = :job_id OR asked.wanted_until < clock_timestamp())
RETURNING
    asked.host,
    asked.until IS NOT NULL AS abandoned,
    CAST(
        extract(
            epoch FROM asked.not_before - CASE WHEN asked.until IS NULL THEN clock_timestamp() ELSE asked.touched_at END
        ) AS float
    ) AS pause,
    asked.crawl_delay,
    CAST(extract(epoch FROM asked.parked_until - clock_timestamp()) AS float) AS parked,
    asked.parked_reason
