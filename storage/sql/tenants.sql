-- name: settings
SELECT t.name, t.display_name, coalesce(s.allowed_origins, '{}') AS allowed_origins, s.updated_at
FROM tenants t LEFT JOIN tenant_settings s ON s.tenant_id = t.id
WHERE t.id = $1;

-- name: put_settings
INSERT INTO tenant_settings (tenant_id, allowed_origins, updated_at) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id) DO UPDATE SET allowed_origins = excluded.allowed_origins, updated_at = excluded.updated_at;

-- name: rename
UPDATE tenants SET display_name = $2 WHERE id = $1 AND display_name <> $2;

-- name: all_allowed_origins
SELECT tenant_id, allowed_origins FROM all_allowed_origins();
