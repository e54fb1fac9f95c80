-- Whose credential this is, and whether they may ask once more: both in one statement, by the database's clock.
-- A bucket is a time: when it will be full again. Each request moves it on by `gap`, and is refused where it would then
-- lie more than `window_seconds` ahead. The row's lock makes that exact, however many processes ask. Who presents
-- nothing that opens anything takes from the bucket of `stranger`.
WITH found AS MATERIALIZED (
    SELECT
        app_user.organization_id, app_user.id AS user_id, app_user.name, app_user.role, false AS must_change,
        api_key.id AS key_id, api_key.scope, CAST(NULL AS uuid) AS session_id
    FROM api_key
    JOIN app_user ON app_user.id = api_key.user_id
    WHERE api_key.hash = CAST(:key_hash AS bytea)
      AND api_key.revoked_at IS NULL
      AND (api_key.expires_at IS NULL OR api_key.expires_at > now())
      AND app_user.disabled_at IS NULL
    UNION ALL
    SELECT
        app_user.organization_id, app_user.id, app_user.name, app_user.role, app_user.must_change,
        NULL, 'admin', user_session.id
    FROM user_session
    JOIN app_user ON app_user.id = user_session.user_id
    WHERE (user_session.cookie_hash = CAST(:cookie_hash AS bytea) OR user_session.id = CAST(:session_id AS uuid))
      AND user_session.ended_at IS NULL
      AND user_session.expires_at > now()
      AND user_session.last_seen_at > now() - CAST(:idle_seconds AS float) * interval '1 second'
      AND app_user.disabled_at IS NULL
),
-- Once a minute is exact enough for "last used", and spares every request a write.
key_used AS (
    UPDATE api_key
    SET last_used_at = now()
    FROM found
    WHERE api_key.id = found.key_id
      AND (api_key.last_used_at IS NULL OR api_key.last_used_at < now() - interval '1 minute')
),
session_seen AS (
    UPDATE user_session
    SET last_seen_at = now()
    FROM found
    WHERE user_session.id = found.session_id AND user_session.last_seen_at < now() - interval '1 minute'
),
asked AS MATERIALIZED (
    SELECT
        subject,
        allowed,
        CAST(:window_seconds AS float) / nullif(allowed, 0) * interval '1 second' AS gap,
        CAST(:window_seconds AS float) * interval '1 second' AS reach
    FROM (
        SELECT 'user:' || user_id || ':' || CAST(:kind AS text) AS subject, CAST(:allowed AS int) AS allowed FROM found
        UNION ALL
        SELECT CAST(:stranger AS text), CAST(:stranger_allowed AS int) WHERE NOT EXISTS (SELECT FROM found)
    ) AS bucket
),
taken AS (
    INSERT INTO rate_bucket AS bucket (subject, full_at)
    SELECT subject, clock_timestamp() + gap
    FROM asked
    WHERE allowed > 0
    ON CONFLICT (subject) DO UPDATE
    SET full_at = greatest(bucket.full_at, clock_timestamp()) + (SELECT gap FROM asked)
    WHERE greatest(bucket.full_at, clock_timestamp()) + (SELECT gap FROM asked)
        <= clock_timestamp() + (SELECT reach FROM asked)
    RETURNING full_at
)
SELECT
    found.*,
    asked.allowed,
    asked.allowed = 0 OR taken.full_at IS NOT NULL AS admitted,
    CAST(
        extract(epoch FROM coalesce(taken.full_at, bucket.full_at, clock_timestamp()) - clock_timestamp()) AS float
    ) AS used_seconds
FROM asked
LEFT JOIN found ON true
LEFT JOIN taken ON true
LEFT JOIN rate_bucket AS bucket ON bucket.subject = asked.subject
