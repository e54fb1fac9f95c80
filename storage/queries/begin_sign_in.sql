-- Counts an attempt to sign in as failed before it is looked at, for its name and for its address: a hundred attempts at
-- once are a hundred. Of a subject that has to wait nothing is changed and no row comes back, so that nobody is kept
-- waiting for good by attempts that were refused anyway.
INSERT INTO sign_in_throttle AS known (subject, failures)
SELECT subject, 1
FROM unnest(CAST(:subjects AS text[])) AS subject
ORDER BY subject
ON CONFLICT (subject) DO UPDATE
SET failures = CASE
        WHEN known.last_at < clock_timestamp() - CAST(:forget_seconds AS float) * interval '1 second' THEN 1
        ELSE known.failures + 1
    END,
    last_at = clock_timestamp(),
    blocked_until = clock_timestamp() + interval '1 second' * CASE
        WHEN known.last_at < clock_timestamp() - CAST(:forget_seconds AS float) * interval '1 second' THEN 0
        WHEN known.subject LIKE 'name:%' THEN CASE
            WHEN known.failures + 1 < :name_free THEN 0
            ELSE least(
                CAST(:name_longest AS float),
                CAST(:first_wait AS float) * 2 ^ least(known.failures + 1 - CAST(:name_free AS int), 20)
            )
        END
        WHEN known.failures + 1 < :address_free THEN 0
        ELSE least(
            CAST(:address_longest AS float),
            CAST(:first_wait AS float) * 2 ^ least(known.failures + 1 - CAST(:address_free AS int), 20)
        )
    END
WHERE known.blocked_until <= clock_timestamp()
RETURNING subject
