-- Takes one queued job for a worker, if the limits allow it.
-- The caller has taken the claim lock in a statement of its own before: only so does this statement's snapshot show
-- what the previous holder of the lock committed. With the lock inside this statement the limits were broken.
WITH running AS MATERIALIZED (
    SELECT user_id, count(*) AS jobs FROM job WHERE state = 'running' GROUP BY user_id
),
pick AS (
    SELECT job.id
    FROM job
    LEFT JOIN running USING (user_id)
    WHERE job.id = :job_id
      AND job.state = 'queued'
      AND job.run_after <= clock_timestamp()
      AND coalesce(running.jobs, 0) < :limit_per_user
      AND (SELECT coalesce(sum(jobs), 0) FROM running) < :limit_in_total
    FOR NO KEY UPDATE OF job SKIP LOCKED
)
UPDATE job
SET state = 'running',
    attempt = job.attempt + 1,
    worker_id = :worker_id,
    lease_until = clock_timestamp() + :lease_seconds * interval '1 second',
    started_at = coalesce(job.started_at, clock_timestamp()),
    reason = NULL,
    error_code = NULL
FROM pick
WHERE job.id = pick.id
RETURNING job.id, job.attempt, job.organization_id, job.user_id, job.parent_id, job.kind, job.params, job.checkpoint,
          job.done, job.total, job.budget
