-- What became of rows of a push before they were sent: the upload they are in, or why they are in none.
UPDATE push_row
SET state = marked.state,
    code = marked.code,
    message = marked.message,
    retryable = false,
    batch = marked.batch,
    payload_hash = marked.payload_hash,
    changed = coalesce(marked.changed, '{}'),
    tries = push_row.tries + CASE WHEN marked.state = 'sent' THEN 1 ELSE 0 END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS marked (
    number integer, state text, code text, message text, batch integer, payload_hash text, changed text[]
)
WHERE push_row.job_id = :job_id
  AND push_row.number = marked.number
  AND push_row.state = 'pending'
