-- name: add_tenant
INSERT INTO tenants (id, name, display_name, shard) VALUES ($1, $2, $3, $4);

-- name: add_user
INSERT INTO users (id, email, password_hash, email_verified_at) VALUES ($1, $2, $3, $4);

-- name: add_membership
INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3);

-- name: user_by_email
SELECT id, email, password_hash, disabled_at IS NOT NULL AS disabled, session_epoch,
    email_verified_at IS NOT NULL AS email_verified
FROM users WHERE lower(email) = lower($1);

-- name: user
SELECT id, email, password_hash, disabled_at IS NOT NULL AS disabled, session_epoch,
    email_verified_at IS NOT NULL AS email_verified
FROM users WHERE id = $1;

-- name: disable_user
UPDATE users SET disabled_at = $2, session_epoch = session_epoch + 1 WHERE id = $1 AND disabled_at IS NULL;

-- name: memberships
SELECT m.tenant_id, t.name, t.display_name, m.role
FROM memberships m JOIN tenants t ON t.id = m.tenant_id
WHERE m.user_id = $1
ORDER BY m.created_at, m.tenant_id;

-- name: role
SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2;

-- name: tenant_by_name
SELECT id FROM tenants WHERE name = $1;

-- name: shard
SELECT shard FROM tenants WHERE id = $1;

-- name: enter
SELECT set_config('tidewire.tenants', $1, true);

-- name: enter_as
SELECT set_config('tidewire.user', $1, true);
