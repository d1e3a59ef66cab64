-- name: tenant_of_token
SELECT scim_tenant_of_token($1);

-- name: caller
SELECT t.tenant_id, t.id AS token_id, coalesce(p.rules, '{}'::json) AS rules, t.last_used_at
FROM scim_tokens t LEFT JOIN identity_providers p ON p.tenant_id = t.tenant_id AND p.id = t.provider_id
WHERE t.tenant_id = $1 AND t.hash = $2 AND (t.expires_at IS NULL OR t.expires_at > $3);

-- name: note_use
UPDATE scim_tokens SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2;

-- name: add_token
INSERT INTO scim_tokens (tenant_id, id, name, hash, provider_id, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: count_tokens
SELECT count(*) FROM scim_tokens WHERE tenant_id = $1;

-- name: tokens
SELECT id, name, provider_id, created_at, expires_at, last_used_at FROM scim_tokens
WHERE tenant_id = $1 ORDER BY created_at, id;

-- name: delete_token
DELETE FROM scim_tokens WHERE tenant_id = $1 AND id = $2;

-- name: count_users
SELECT count(*) FROM scim_users
WHERE tenant_id = $1 AND ($2::text IS NULL OR lower(user_name) = lower($2)) AND ($3::text IS NULL OR external_id = $3);

-- name: users
SELECT u.id, u.user_name, u.external_id, u.active, u.document, u.version, u.created_at, u.updated_at,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.display_name) ORDER BY g.display_name), '[]')
     FROM scim_group_members m JOIN scim_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
     WHERE m.tenant_id = u.tenant_id AND m.member_id = u.id) AS groups
FROM scim_users u
WHERE u.tenant_id = $1 AND ($2::text IS NULL OR lower(u.user_name) = lower($2))
    AND ($3::text IS NULL OR u.external_id = $3)
ORDER BY u.id OFFSET $4 LIMIT $5;

-- name: user
SELECT u.id, u.user_name, u.external_id, u.active, u.document, u.version, u.created_at, u.updated_at,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.display_name) ORDER BY g.display_name), '[]')
     FROM scim_group_members m JOIN scim_groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
     WHERE m.tenant_id = u.tenant_id AND m.member_id = u.id) AS groups
FROM scim_users u WHERE u.tenant_id = $1 AND u.id = $2;

-- name: lock_user
SELECT user_id, active, version FROM scim_users WHERE tenant_id = $1 AND id = $2 FOR UPDATE;

-- name: person
SELECT id FROM users WHERE lower(email) = lower($1);

-- name: add_user
INSERT INTO scim_users (tenant_id, id, user_id, user_name, external_id, active, document, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8);

-- name: put_user
UPDATE scim_users SET user_name = $3, external_id = $4, active = $5, document = $6, version = version + 1,
    updated_at = $7
WHERE tenant_id = $1 AND id = $2;

-- name: delete_user
DELETE FROM scim_users WHERE tenant_id = $1 AND id = $2;

-- name: end_membership
DELETE FROM memberships WHERE tenant_id = $1 AND user_id = $2;

-- name: end_sessions
UPDATE sessions SET revoked_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL;

-- name: end_tickets
DELETE FROM sso_tickets WHERE tenant_id = $1 AND user_id = $2 AND used_at IS NULL;

-- name: member_role
SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2;

-- name: count_groups
SELECT count(*) FROM scim_groups
WHERE tenant_id = $1 AND ($2::text IS NULL OR lower(display_name) = lower($2))
    AND ($3::text IS NULL OR external_id = $3);

-- name: groups
SELECT g.id, g.display_name, g.external_id, g.version, g.created_at, g.updated_at,
    (SELECT coalesce(json_agg(json_build_array(u.id, u.user_name) ORDER BY u.id), '[]')
     FROM scim_group_members m JOIN scim_users u ON u.tenant_id = m.tenant_id AND u.id = m.member_id
     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id) AS members
FROM scim_groups g
WHERE g.tenant_id = $1 AND ($2::text IS NULL OR lower(g.display_name) = lower($2))
    AND ($3::text IS NULL OR g.external_id = $3)
ORDER BY g.id OFFSET $4 LIMIT $5;

-- name: group
SELECT g.id, g.display_name, g.external_id, g.version, g.created_at, g.updated_at,
    (SELECT coalesce(json_agg(json_build_array(u.id, u.user_name) ORDER BY u.id), '[]')
     FROM scim_group_members m JOIN scim_users u ON u.tenant_id = m.tenant_id AND u.id = m.member_id
     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id) AS members
FROM scim_groups g WHERE g.tenant_id = $1 AND g.id = $2;

-- name: lock_group
SELECT version FROM scim_groups WHERE tenant_id = $1 AND id = $2 FOR UPDATE;

-- name: add_group
INSERT INTO scim_groups (tenant_id, id, display_name, external_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5);

-- name: put_group
UPDATE scim_groups SET display_name = $3, external_id = $4, version = version + 1, updated_at = $5
WHERE tenant_id = $1 AND id = $2;

-- name: delete_group
DELETE FROM scim_groups WHERE tenant_id = $1 AND id = $2;

-- name: member_ids
SELECT member_id FROM scim_group_members WHERE tenant_id = $1 AND group_id = $2;

-- name: add_members
INSERT INTO scim_group_members (tenant_id, group_id, member_id) SELECT $1, $2, unnest($3::uuid[]);

-- name: remove_members
DELETE FROM scim_group_members WHERE tenant_id = $1 AND group_id = $2 AND member_id = ANY ($3::uuid[]);

-- name: roles_due
SELECT s.user_id, m.role,
    (SELECT coalesce(array_agg(g.display_name), '{}')
     FROM scim_group_members gm JOIN scim_groups g ON g.tenant_id = gm.tenant_id AND g.id = gm.group_id
     WHERE gm.tenant_id = s.tenant_id AND gm.member_id = s.id) AS groups
FROM scim_users s JOIN memberships m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
WHERE s.tenant_id = $1 AND s.id = ANY ($2::uuid[]) AND s.active AND m.role <> 'owner';
