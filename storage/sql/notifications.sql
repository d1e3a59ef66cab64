-- name: list
SELECT id, severity, title, body, link, run_id, created_at, read_at FROM notifications
WHERE tenant_id = $1 AND user_id = $2
  AND (NOT $3::boolean OR read_at IS NULL)
  AND ($4::uuid IS NULL OR id < $4)
ORDER BY id DESC
LIMIT $5;

-- name: unread
SELECT count(*) FROM notifications WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL;

-- name: exists
SELECT true FROM notifications WHERE tenant_id = $1 AND user_id = $2 AND id = $3;

-- name: read
UPDATE notifications SET read_at = $4 WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND read_at IS NULL;

-- name: read_all
UPDATE notifications SET read_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL;

-- name: push
INSERT INTO outbox (tenant_id, shard, topic, payload) SELECT t.id, t.shard, 'push', $2 FROM tenants t WHERE t.id = $1;
