-- One message a webhook that asks for this event, in the transaction that writes the event. A webhook that is being
-- deleted meanwhile is passed over: its key lock is waited for, and then there is no row. What is told of a job has
-- neither names nor texts: its reason may say who has cancelled it, and its parameters whom it is about.
WITH interested AS (
    SELECT webhook.id, webhook.organization_id
    FROM webhook
    WHERE webhook.enabled AND CAST(:event AS text) = ANY (webhook.events)
    ORDER BY webhook.id
    FOR KEY SHARE
),
told AS (
    SELECT job.id, job.organization_id, job_event.seq, jsonb_build_object(
        'type', CAST(:event AS text),
        'timestamp', to_char(job_event.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'data', jsonb_build_object(
            'job_id', job.id,
            'seq', job_event.seq,
            'kind', job.kind,
            'state', job.state,
            'error_code', job.error_code,
            'attempt', job.attempt,
            'done', job.done,
            'total', job.total,
            'counts', (
                SELECT coalesce(jsonb_object_agg(one.key, one.value), '{}')
                FROM jsonb_each(job.result) AS one
                WHERE jsonb_typeof(one.value) = 'number'
            ),
            'schedule_id', job.schedule_id,
            'retry_of', job.retry_of,
            'links', jsonb_build_object(
                'job', '/api/v1/jobs/' || job.id, 'events', '/api/v1/jobs/' || job.id || '/events'
            )
        )
    ) AS payload
    FROM job
    JOIN job_event ON job_event.job_id = job.id AND job_event.seq = :seq
    -- Steps and shards are told by the job that they are parts of.
    WHERE job.id = :job_id AND job.parent_id IS NULL
)
INSERT INTO webhook_delivery (
    organization_id, webhook_id, message_id, event, job_id, seq, payload, state, next_try_at
)
SELECT interested.organization_id, interested.id, 'msg_' || replace(gen_random_uuid()::text, '-', ''),
       CAST(:event AS text), told.id, told.seq, told.payload, 'waiting', clock_timestamp()
FROM interested
JOIN told USING (organization_id)
