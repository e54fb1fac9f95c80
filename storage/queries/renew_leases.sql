-- Prolongs the leases of one worker's jobs and tells what is wanted of each.
-- Rows are locked in the order that holds everywhere (parents, then children, each by id), so that this statement and
-- somebody who pauses a whole family do not wait for each other in a ring. Families have three levels at most: a
-- pipeline, its crawl, the crawl's shards.
WITH mine AS MATERIALIZED (
    SELECT job.id
    FROM job
    LEFT JOIN job AS parent ON parent.id = job.parent_id
    WHERE job.worker_id = :worker_id AND job.state = 'running'
    ORDER BY job.parent_id IS NOT NULL, parent.parent_id IS NOT NULL, job.id
    FOR NO KEY UPDATE OF job
)
UPDATE job
SET lease_until = clock_timestamp() + :lease_seconds * interval '1 second'
FROM mine
WHERE job.id = mine.id
RETURNING job.id, job.attempt, job.desired
