-- Running jobs whose worker's session is gone (it died) or whose lease has run out (it is frozen or cut off).
SELECT job.id, job.attempt, job.organization_id, job.parent_id,
       CASE WHEN job.lease_until < clock_timestamp() THEN 'frozen' ELSE 'died' END AS cause
FROM job
WHERE job.state = 'running'
  AND (
    job.lease_until < clock_timestamp()
    OR NOT EXISTS (
        SELECT 1
        FROM pg_locks
        WHERE locktype = 'advisory'
          AND classid = :lock_class
          AND objid = job.worker_id
          AND objsubid = 2
          AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
  )
