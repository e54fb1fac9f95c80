-- Prolongs the leases of one worker's jobs and tells what is wanted of each.
-- Rows are locked in the order that holds everywhere (parents, then children, each by id), so that this statement and
-- somebody who pauses a whole family do not wait for each other in a ring.
WITH mine AS MATERIALIZED (
    SELECT id
    FROM job
    WHERE worker_id = :worker_id AND state = 'running'
    ORDER BY parent_id IS NOT NULL, id
    FOR NO KEY UPDATE
)
UPDATE job
SET lease_until = clock_timestamp() + :lease_seconds * interval '1 second'
FROM mine
WHERE job.id = mine.id
RETURNING job.id, job.attempt, job.desired
