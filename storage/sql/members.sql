-- name: list
SELECT m.user_id, u.email, u.name, m.role, u.disabled_at IS NOT NULL AS disabled, m.created_at AS joined_at
FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = $1
  AND ($2::text IS NULL OR position(lower($2) IN lower(concat_ws(' ', u.email, u.name))) > 0)
  AND ($3::text IS NULL OR m.role = $3)
  AND ($4::uuid IS NULL OR m.user_id > $4)
ORDER BY m.user_id
LIMIT $5;

-- name: get
SELECT m.user_id, u.email, u.name, m.role, u.disabled_at IS NOT NULL AS disabled, m.created_at AS joined_at
FROM memberships m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = $1 AND m.user_id = $2;

-- name: lock
SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2 FOR NO KEY UPDATE;

-- name: set_role
UPDATE memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2;

-- name: remove
DELETE FROM memberships WHERE tenant_id = $1 AND user_id = $2;

-- name: revoke_invitations
UPDATE invitations SET revoked_at = $3
WHERE tenant_id = $1 AND created_by = $2 AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: end_sessions
UPDATE sessions SET revoked_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL;
