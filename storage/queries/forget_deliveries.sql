-- Messages kept long enough. One that waits is tried for days only, unless its webhook is disabled: then it rests.
DELETE FROM webhook_delivery
WHERE id IN (
    SELECT id
    FROM webhook_delivery
    WHERE ended_at < clock_timestamp() - make_interval(days => :days)
       OR (state = 'waiting' AND next_try_at < clock_timestamp() - make_interval(days => :days))
    LIMIT :most
)
