-- The next line of a job's story. The caller's transaction holds the job's row, so commit order is `seq` order.
WITH next AS (
    UPDATE job SET last_seq = last_seq + 1 WHERE id = :job_id RETURNING id, organization_id, last_seq
)
INSERT INTO job_event (job_id, seq, organization_id, at, kind, payload)
SELECT id, last_seq, organization_id, clock_timestamp(), :kind, CAST(:payload AS jsonb)
FROM next
RETURNING seq
