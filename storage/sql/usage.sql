-- name: queue
SELECT waiting, held, running, oldest_at, tenants_waiting FROM queue_usage($1, $2);
