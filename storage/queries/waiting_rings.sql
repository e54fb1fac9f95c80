-- Queued jobs whose time has come and whom the limits would let in, first come first served: each is rung (again).
-- An advice, not a promise: the claim counts again, under its lock.
WITH running AS MATERIALIZED (
    SELECT user_id, count(*) AS jobs FROM job WHERE state = 'running' GROUP BY user_id
)
SELECT job.id, job.attempt + 1 AS attempt
FROM job
LEFT JOIN running USING (user_id)
WHERE job.state = 'queued'
  AND job.run_after <= clock_timestamp()
  AND coalesce(running.jobs, 0) < :limit_per_user
ORDER BY job.priority, job.created_at, job.id
LIMIT greatest(0, :limit_in_total - (SELECT coalesce(sum(jobs), 0) FROM running))
