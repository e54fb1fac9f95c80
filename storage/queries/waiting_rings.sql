-- The queued jobs whose turn it is: due, and let in by the limits, as many as there is room for.
-- Jobs stand in the order of their places: the time at which they were made, earlier by a class's worth of waiting for a
-- high priority (-1), later for a low one (1). So a job gains a class with every :aging_seconds that it waits, a high one
-- overtakes those that came not long before it, and none waits for ever. Of each user only as many stand in line as may
-- still begin, so that who waits for a user's own limit is in nobody's way.
-- Without the claim lock this is an advice; under it, the claim follows it.
WITH running AS MATERIALIZED (
    SELECT user_id, count(*) AS jobs FROM job WHERE state = 'running' GROUP BY user_id
),
waiting AS (
    SELECT job.id, job.attempt, job.user_id,
           job.created_at + job.priority * :aging_seconds * interval '1 second' AS place
    FROM job
    WHERE job.state = 'queued' AND job.run_after <= clock_timestamp()
),
line AS (
    SELECT waiting.id, waiting.attempt, waiting.place,
           coalesce(running.jobs, 0)
           + row_number() OVER (PARTITION BY waiting.user_id ORDER BY waiting.place, waiting.id) AS seat
    FROM waiting
    LEFT JOIN running USING (user_id)
)
SELECT id, attempt + 1 AS attempt
FROM line
WHERE seat <= :limit_per_user
ORDER BY place, id
LIMIT greatest(0, :limit_in_total - (SELECT coalesce(sum(jobs), 0) FROM running))
