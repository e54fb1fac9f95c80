-- What Salesforce said of the campaign members of one upload. The lead's own state stays; its words are the member's.
UPDATE push_row
SET member_state = said.state,
    code = said.code,
    message = said.message,
    retryable = said.retryable
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS said (
    key text, state text, code text, message text, retryable boolean
)
WHERE push_row.job_id = :job_id
  AND push_row.member_batch = :batch
  AND push_row.key = said.key
  AND push_row.member_state = 'sent'
