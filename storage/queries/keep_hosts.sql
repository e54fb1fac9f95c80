-- Prolongs or gives back what a crawl holds, writes down what it learnt, and tells which hosts others wait for.
WITH told AS MATERIALIZED (
    SELECT *
    FROM unnest(
        CAST(:hosts AS text[]), CAST(:kept AS boolean[]), CAST(:pauses AS float[]), CAST(:crawl_delays AS float[]),
        CAST(:parked AS float[]), CAST(:reasons AS text[])
    ) AS told (host, kept, pause, crawl_delay, parked, reason)
), mine AS MATERIALIZED (
    SELECT host
    FROM host_lease
    WHERE host = ANY (CAST(:hosts AS text[])) AND job_id = :job_id AND attempt = :attempt
    ORDER BY host
    FOR UPDATE
)
UPDATE host_lease
SET job_id = CASE WHEN told.kept THEN host_lease.job_id END,
    attempt = CASE WHEN told.kept THEN host_lease.attempt END,
    until = CASE WHEN told.kept THEN clock_timestamp() + :lease_seconds * interval '1 second' END,
    not_before = clock_timestamp() + told.pause * interval '1 second',
    crawl_delay = told.crawl_delay,
    parked_until = clock_timestamp() + told.parked * interval '1 second',
    parked_reason = told.reason,
    touched_at = clock_timestamp()
FROM mine JOIN told USING (host)
WHERE host_lease.host = mine.host
RETURNING
    host_lease.host,
    coalesce(
        host_lease.wanted_by <> CAST(:job_id AS uuid) AND host_lease.wanted_until >= clock_timestamp(), false
    ) AS wanted
