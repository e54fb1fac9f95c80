-- Removes what sign-in no longer needs: sessions long after their end (with their tokens), links, counters at rest.
-- A session that has ended is kept for a while, because it tells where its owner has signed in from.
WITH sessions AS (
    DELETE FROM user_session
    WHERE created_at < now() - interval '31 days' AND least(expires_at, coalesce(ended_at, expires_at)) < now()
),
links AS (
    DELETE FROM password_link WHERE expires_at < now() - interval '1 day'
),
throttles AS (
    DELETE FROM sign_in_throttle WHERE last_at < now() - interval '1 day' AND blocked_until < now()
)
DELETE FROM rate_bucket WHERE full_at < now() - interval '1 hour'
