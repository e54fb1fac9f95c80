-- Those of the keys and sessions that would still be let in; see admit.sql.
SELECT api_key.id
FROM api_key
JOIN app_user ON app_user.id = api_key.user_id
WHERE api_key.id = ANY (CAST(:ids AS uuid[]))
  AND api_key.revoked_at IS NULL
  AND (api_key.expires_at IS NULL OR api_key.expires_at > now())
  AND app_user.disabled_at IS NULL
UNION ALL
SELECT user_session.id
FROM user_session
JOIN app_user ON app_user.id = user_session.user_id
WHERE user_session.id = ANY (CAST(:ids AS uuid[]))
  AND user_session.ended_at IS NULL
  AND user_session.expires_at > now()
  AND app_user.disabled_at IS NULL
