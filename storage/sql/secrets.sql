-- name: put
INSERT INTO secrets (tenant_id, name, value_sealed, created_at, updated_at)
VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (tenant_id, name) DO UPDATE SET value_sealed = excluded.value_sealed, updated_at = excluded.updated_at
RETURNING xmax = 0;

-- name: count
SELECT count(*) FROM secrets WHERE tenant_id = $1;

-- name: list
SELECT name, created_at, updated_at FROM secrets WHERE tenant_id = $1 ORDER BY name;

-- name: delete
DELETE FROM secrets WHERE tenant_id = $1 AND name = $2;

-- name: sealed
SELECT name, value_sealed FROM secrets WHERE tenant_id = $1 AND name = ANY($2::text[]);
