-- Of each enabled webhook, whether a message is due, the longest due first; those that this worker serves are left out.
SELECT due.organization_id, due.webhook_id
FROM (
    SELECT webhook_delivery.organization_id, webhook_delivery.webhook_id, min(webhook_delivery.next_try_at) AS first
    FROM webhook_delivery
    JOIN webhook ON webhook.id = webhook_delivery.webhook_id AND webhook.enabled
    WHERE webhook_delivery.state = 'waiting'
      AND webhook_delivery.next_try_at <= clock_timestamp()
      AND (webhook_delivery.lease_until IS NULL OR webhook_delivery.lease_until <= clock_timestamp())
      AND webhook_delivery.webhook_id <> ALL (CAST(:served AS uuid[]))
    GROUP BY 1, 2
) AS due
ORDER BY due.first
LIMIT :most
