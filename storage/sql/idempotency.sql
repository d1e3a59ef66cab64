-- name: claim
INSERT INTO idempotent_requests AS i
    (tenant_id, user_id, route, key, body_hash, claim, lease_until, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $8, $7)
ON CONFLICT (tenant_id, user_id, route, key) DO UPDATE
    SET body_hash = excluded.body_hash, claim = excluded.claim, lease_until = excluded.lease_until,
        created_at = excluded.created_at, changed_at = NULL, status = NULL, headers = NULL, body = NULL
    WHERE i.created_at < $9
        OR (i.status IS NULL AND i.changed_at IS NULL AND i.lease_until < $7 AND i.body_hash = excluded.body_hash)
RETURNING true;

-- name: found
SELECT body_hash = $5 AS same, changed_at IS NOT NULL AS changed, status, headers, body, lease_until
FROM idempotent_requests WHERE tenant_id = $1 AND user_id = $2 AND route = $3 AND key = $4;

-- name: mark
SELECT mark_idempotent($1, $2, $3, $4, $5);

-- name: answer
UPDATE idempotent_requests SET status = $6, headers = $7, body = $8
WHERE tenant_id = $1 AND user_id = $2 AND route = $3 AND key = $4 AND claim = $5;

-- name: release
DELETE FROM idempotent_requests
WHERE tenant_id = $1 AND user_id = $2 AND route = $3 AND key = $4 AND claim = $5 AND changed_at IS NULL;

-- name: forget
DELETE FROM idempotent_requests WHERE (tenant_id, user_id, route, key) IN (
    SELECT tenant_id, user_id, route, key FROM idempotent_requests WHERE created_at < $1 ORDER BY created_at LIMIT $2);
