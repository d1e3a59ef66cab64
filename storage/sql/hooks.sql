-- name: put
INSERT INTO hook_sources (tenant_id, source, scheme, secret_sealed, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, source) DO UPDATE SET scheme = excluded.scheme, secret_sealed = excluded.secret_sealed
RETURNING xmax = 0;

-- name: list
SELECT tenant_id, source, scheme, secret_sealed, created_at FROM hook_sources WHERE tenant_id = $1 ORDER BY source;

-- name: get
SELECT tenant_id, source, scheme, secret_sealed, created_at FROM hook_sources WHERE tenant_id = $1 AND source = $2;

-- name: delete
DELETE FROM hook_sources WHERE tenant_id = $1 AND source = $2;
