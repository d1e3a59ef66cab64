-- name: lock_tenant
SELECT true FROM tenants WHERE id = $1 FOR NO KEY UPDATE;

-- name: count_others
SELECT count(*) FROM metric_definitions WHERE tenant_id = $1 AND name <> $2;

-- name: put
-- The same definition again stays the one that is counting.
INSERT INTO metric_definitions AS m (tenant_id, name, definition, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, name) DO UPDATE SET definition = excluded.definition,
    since = CASE WHEN m.definition::text = excluded.definition::text THEN m.since ELSE excluded.since END
RETURNING xmax = 0;

-- name: of_tenants
SELECT tenant_id, name, definition, since, created_at FROM metric_definitions
WHERE tenant_id = ANY ($1::uuid[])
ORDER BY tenant_id, name;
