-- name: is_member
SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.tenant_id = $1 AND lower(u.email) = lower($2));

-- name: replace
UPDATE invitations SET revoked_at = $3
WHERE tenant_id = $1 AND lower(email) = lower($2) AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: add
INSERT INTO invitations (tenant_id, id, email, role, hash, created_at, created_by, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: count
SELECT count(*) FROM invitations
WHERE tenant_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2;

-- name: list
SELECT id, email, role, created_at, created_by, expires_at FROM invitations
WHERE tenant_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2
  AND ($3::uuid IS NULL OR id > $3)
ORDER BY id
LIMIT $4;

-- name: revoke
UPDATE invitations SET revoked_at = $3
WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: presented
SELECT i.tenant_id, i.id, i.email, i.role, i.created_by, t.name AS tenant_name, t.display_name,
    (SELECT u.id FROM users u WHERE lower(u.email) = lower(i.email)) AS user_id
FROM invitations i JOIN tenants t ON t.id = i.tenant_id
WHERE i.hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $2;

-- name: accept
UPDATE invitations SET accepted_at = $3, accepted_by = $4
WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
RETURNING role;

-- name: join
INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: verify
UPDATE users SET email_verified_at = coalesce(email_verified_at, $2) WHERE id = $1;
