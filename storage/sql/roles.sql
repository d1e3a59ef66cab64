-- name: add
INSERT INTO roles (tenant_id, name, description, permissions, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
ON CONFLICT DO NOTHING
RETURNING name, description, permissions, created_at, updated_at;

-- name: count
SELECT count(*) FROM roles WHERE tenant_id = $1;

-- name: list
SELECT name, description, permissions, created_at, updated_at FROM roles WHERE tenant_id = $1 ORDER BY name;

-- name: get
SELECT name, description, permissions, created_at, updated_at FROM roles WHERE tenant_id = $1 AND name = $2;

-- name: update
UPDATE roles SET description = $3, permissions = $4, updated_at = $5 WHERE tenant_id = $1 AND name = $2
RETURNING name, description, permissions, created_at, updated_at;

-- name: keep
SELECT name FROM roles WHERE tenant_id = $1 AND name = $2 FOR KEY SHARE;

-- name: lock
SELECT name FROM roles WHERE tenant_id = $1 AND name = $2 FOR UPDATE;

-- name: uses
SELECT (SELECT count(*) FROM memberships WHERE tenant_id = $1 AND role = $2)
    + (SELECT count(*) FROM service_accounts WHERE tenant_id = $1 AND role = $2)
    + (SELECT count(*) FROM invitations WHERE tenant_id = $1 AND role = $2 AND accepted_at IS NULL
        AND revoked_at IS NULL);

-- name: delete
DELETE FROM roles WHERE tenant_id = $1 AND name = $2;

-- name: delete_grants
DELETE FROM grants WHERE tenant_id = $1 AND subject_kind = 'role' AND subject = $2;
