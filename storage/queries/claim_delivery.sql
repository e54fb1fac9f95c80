-- Takes the message of a webhook that is due longest, for one try. `tries` fences: what comes of a try is written only
-- while no later one has begun. Whoever is killed before that leaves the message due again when the lease ends.
UPDATE webhook_delivery
SET tries = tries + 1,
    lease_until = clock_timestamp() + make_interval(secs => :lease_seconds)
WHERE id = (
    SELECT webhook_delivery.id
    FROM webhook_delivery
    JOIN webhook ON webhook.id = webhook_delivery.webhook_id AND webhook.enabled
    WHERE webhook_delivery.webhook_id = :webhook_id
      AND webhook_delivery.state = 'waiting'
      AND webhook_delivery.next_try_at <= clock_timestamp()
      AND (webhook_delivery.lease_until IS NULL OR webhook_delivery.lease_until <= clock_timestamp())
    ORDER BY webhook_delivery.next_try_at, webhook_delivery.id
    LIMIT 1
    FOR UPDATE OF webhook_delivery SKIP LOCKED
)
RETURNING id, organization_id, webhook_id, message_id, event, payload, tries, failures, clock_timestamp() AS now
