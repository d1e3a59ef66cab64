-- name: user_standing
SELECT m.role, (SELECT r.permissions FROM roles r WHERE r.tenant_id = $1 AND r.name = m.role) AS permissions,
    t.access_version AS version,
    EXISTS (SELECT FROM mfa_requirements q WHERE q.tenant_id = $1 AND q.role IN ('*', m.role)) AS mfa_required,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.subject_kind, g.subject, g.effect, g.permission, g.resource,
        g.instance) ORDER BY g.id), '[]')
    FROM (SELECT * FROM grants WHERE tenant_id = $1 AND subject_kind = 'user' AND subject = $2::uuid::text
        UNION ALL SELECT * FROM grants WHERE tenant_id = $1 AND subject_kind = 'role' AND subject = m.role) AS g) AS grants
FROM memberships m
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = $1 AND m.user_id = $2;

-- name: user_standings
SELECT p.n::integer AS n, m.role,
    (SELECT r.permissions FROM roles r WHERE r.tenant_id = p.tenant_id AND r.name = m.role) AS permissions,
    t.access_version AS version,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.subject_kind, g.subject, g.effect, g.permission, g.resource,
        g.instance) ORDER BY g.id), '[]')
    FROM (SELECT * FROM grants WHERE tenant_id = p.tenant_id AND subject_kind = 'user' AND subject = p.user_id::text
        UNION ALL SELECT * FROM grants WHERE tenant_id = p.tenant_id AND subject_kind = 'role' AND subject = m.role) AS g) AS grants
FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS p (tenant_id, user_id, n)
JOIN memberships m ON m.tenant_id = p.tenant_id AND m.user_id = p.user_id
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
JOIN tenants t ON t.id = m.tenant_id;

-- name: service_account_standing
SELECT m.role, (SELECT r.permissions FROM roles r WHERE r.tenant_id = $1 AND r.name = m.role) AS permissions,
    t.access_version AS version,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.subject_kind, g.subject, g.effect, g.permission, g.resource,
        g.instance) ORDER BY g.id), '[]')
    FROM (SELECT * FROM grants WHERE tenant_id = $1 AND subject_kind = 'service_account' AND subject = $2::uuid::text
        UNION ALL SELECT * FROM grants WHERE tenant_id = $1 AND subject_kind = 'role' AND subject = m.role) AS g) AS grants
FROM service_accounts m
JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = $1 AND m.id = $2 AND m.disabled_at IS NULL;

-- name: role_standing
SELECT (SELECT r.permissions FROM roles r WHERE r.tenant_id = $1 AND r.name = $2) AS permissions,
    t.access_version AS version,
    (SELECT coalesce(json_agg(json_build_array(g.id, g.subject_kind, g.subject, g.effect, g.permission, g.resource,
        g.instance) ORDER BY g.id), '[]')
    FROM grants g WHERE g.tenant_id = $1 AND g.subject_kind = 'role' AND g.subject = $2) AS grants
FROM tenants t WHERE t.id = $1;

-- name: changed_tenants
SELECT id, access_version FROM tenants WHERE access_changed_at > $1;

-- name: disabled_users
SELECT id FROM users WHERE disabled_at > $1;

-- name: present
SELECT set_config('tidewire.key', $1, true);

-- name: key
SELECT id, tenant_id, subject_kind, subject_id, scopes, expires_at FROM api_keys
WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now());

-- name: note_use
UPDATE api_keys k SET last_used_at = u.at
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u (tenant_id, id, at)
WHERE k.tenant_id = u.tenant_id AND k.id = u.id AND (k.last_used_at IS NULL OR k.last_used_at < u.at);

-- name: workflow_of_run
SELECT namespace || '/' || name FROM runs WHERE tenant_id = $1 AND id = $2;

-- name: workflow_of_task
SELECT namespace || '/' || name FROM human_tasks WHERE tenant_id = $1 AND id = $2;
