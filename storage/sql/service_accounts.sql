-- name: add
INSERT INTO service_accounts (tenant_id, id, name, description, role, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;

-- name: count
SELECT count(*) FROM service_accounts WHERE tenant_id = $1;

-- name: list
SELECT id, name, description, role, disabled_at IS NOT NULL AS disabled, created_at, created_by FROM service_accounts
WHERE tenant_id = $1
  AND ($2::text IS NULL OR position(lower($2) IN lower(concat_ws(' ', name, description))) > 0)
  AND ($3::uuid IS NULL OR id > $3)
ORDER BY id
LIMIT $4;

-- name: get
SELECT id, name, description, role, disabled_at IS NOT NULL AS disabled, created_at, created_by FROM service_accounts
WHERE tenant_id = $1 AND id = $2;

-- name: update
UPDATE service_accounts SET description = $3, role = $4,
    disabled_at = CASE WHEN $5 THEN coalesce(disabled_at, $6) END
WHERE tenant_id = $1 AND id = $2;

-- name: delete
DELETE FROM service_accounts WHERE tenant_id = $1 AND id = $2;
