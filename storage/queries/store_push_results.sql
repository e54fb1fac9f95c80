-- What Salesforce said of rows of one upload. A row has its answer once: results that are read again change nothing.
UPDATE push_row
SET state = said.state,
    code = said.code,
    message = said.message,
    retryable = said.retryable,
    lead_id = coalesce(said.lead_id, push_row.lead_id)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS said (
    key text, state text, code text, message text, retryable boolean, lead_id text
)
WHERE push_row.job_id = :job_id
  AND push_row.batch = :batch
  AND push_row.key = said.key
  AND push_row.state = 'sent'
