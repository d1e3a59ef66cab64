-- name: add_provider
INSERT INTO identity_providers (tenant_id, id, name, kind, enabled, settings, rules, secret_sealed, created_at,
    updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
RETURNING *;

-- name: change_provider
UPDATE identity_providers SET name = $3, enabled = $4, settings = $5, rules = $6,
    secret_sealed = coalesce($7, secret_sealed), updated_at = $8, last_error = NULL, last_error_at = NULL
WHERE tenant_id = $1 AND id = $2
RETURNING *;

-- name: count_providers
SELECT count(*) FROM identity_providers WHERE tenant_id = $1;

-- name: providers
SELECT * FROM identity_providers WHERE tenant_id = $1 ORDER BY created_at, id;

-- name: provider
SELECT * FROM identity_providers WHERE tenant_id = $1 AND id = $2;

-- name: delete_provider
DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2;

-- name: tenant_of_provider
SELECT sso_tenant_of_provider($1);

-- name: tenant_of_domain
SELECT sso_tenant_of_domain($1);

-- name: note_failure
UPDATE identity_providers SET last_error = $3, last_error_at = $4 WHERE tenant_id = $1 AND id = $2;

-- name: note_use
UPDATE identity_providers SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2;

-- name: add_domain
INSERT INTO sso_domains (tenant_id, domain, token, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, domain) DO NOTHING;

-- name: count_domains
SELECT count(*) FROM sso_domains WHERE tenant_id = $1;

-- name: domains
SELECT domain, token, provider_id, enforced, verified_at, verified_by, created_at
FROM sso_domains WHERE tenant_id = $1 ORDER BY domain;

-- name: domain
SELECT domain, token, provider_id, enforced, verified_at, verified_by, created_at
FROM sso_domains WHERE tenant_id = $1 AND domain = $2;

-- name: verify_domain
UPDATE sso_domains SET verified_at = coalesce(verified_at, $3), verified_by = coalesce(verified_by, $4)
WHERE tenant_id = $1 AND domain = $2;

-- name: lead_domain
UPDATE sso_domains SET provider_id = $3, enforced = $4 WHERE tenant_id = $1 AND domain = $2;

-- name: delete_domain
DELETE FROM sso_domains WHERE tenant_id = $1 AND domain = $2;

-- name: route
SELECT d.tenant_id, p.id AS provider_id, p.name, p.kind, d.enforced
FROM sso_domains d JOIN identity_providers p ON p.tenant_id = d.tenant_id AND p.id = d.provider_id
WHERE d.tenant_id = $1 AND d.domain = $2 AND d.verified_at IS NOT NULL AND p.enabled;

-- name: end_password_sessions
UPDATE sessions s SET revoked_at = $3
FROM memberships m JOIN users u ON u.id = m.user_id
WHERE s.tenant_id = $1 AND s.revoked_at IS NULL AND NOT 'sso' = ANY (s.factors)
    AND m.tenant_id = s.tenant_id AND m.user_id = s.user_id AND m.role <> 'owner'
    AND lower(split_part(u.email, '@', -1)) = $2;

-- name: tenant_name
SELECT name FROM tenants WHERE id = $1;
