-- name: accept
SELECT n, outcome, run_id, shard, version
FROM accept_runs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ORDER BY n;

-- name: forget
DELETE FROM idempotency_keys WHERE (tenant_id, route, key) IN (
    SELECT tenant_id, route, key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2);
