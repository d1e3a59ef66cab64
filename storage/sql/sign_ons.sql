-- name: forget_requests
DELETE FROM sso_requests WHERE state_hash IN
    (SELECT state_hash FROM sso_requests WHERE expires_at < $1 ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);

-- name: begin
INSERT INTO sso_requests (state_hash, tenant_id, provider_id, browser_hash, sealed, begun_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: answered
UPDATE sso_requests SET used_at = $2 WHERE state_hash = $1 AND used_at IS NULL AND expires_at > $2
RETURNING tenant_id, provider_id, browser_hash, sealed, begun_at;

-- name: forget_assertions
DELETE FROM saml_replays WHERE tenant_id = $1 AND expires_at < $2;

-- name: use_assertion
INSERT INTO saml_replays (tenant_id, provider_id, assertion_hash, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING true;

-- name: standing
SELECT u.id AS user_id, u.email, f.user_id IS NOT NULL AS linked, m.role,
    u.disabled_at IS NOT NULL OR s.active IS FALSE AS disabled, s.active IS TRUE AS managed
FROM users u
LEFT JOIN federated_identities f ON f.tenant_id = $1 AND f.provider_id = $2 AND f.issuer = $3 AND f.subject = $4
    AND f.user_id = u.id
LEFT JOIN memberships m ON m.tenant_id = $1 AND m.user_id = u.id
LEFT JOIN scim_users s ON s.tenant_id = $1 AND s.user_id = u.id
WHERE u.id = coalesce(
    (SELECT user_id FROM federated_identities
     WHERE tenant_id = $1 AND provider_id = $2 AND issuer = $3 AND subject = $4),
    (SELECT id FROM users WHERE lower(email) = lower($5)));

-- name: verified_domains
SELECT domain FROM sso_domains WHERE tenant_id = $1 AND verified_at IS NOT NULL;

-- name: add_user
INSERT INTO users (id, email, password_hash, email_verified_at) VALUES ($1, $2, NULL, $3)
ON CONFLICT DO NOTHING;

-- name: vouch
UPDATE users SET email_verified_at = $2, password_hash = NULL, session_epoch = session_epoch + 1
WHERE id = $1 AND email_verified_at IS NULL;

-- name: is_enforced
SELECT EXISTS (
    SELECT FROM memberships m
    JOIN users u ON u.id = m.user_id
    JOIN sso_domains d ON d.tenant_id = m.tenant_id AND d.domain = lower(split_part(u.email, '@', -1))
    JOIN identity_providers p ON p.tenant_id = d.tenant_id AND p.id = d.provider_id
    WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.role <> 'owner' AND d.enforced AND d.verified_at IS NOT NULL
        AND p.enabled);

-- name: add_member
INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: set_role
UPDATE memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2;

-- name: link
INSERT INTO federated_identities (tenant_id, provider_id, issuer, subject, user_id, created_at, last_used_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (tenant_id, provider_id, issuer, subject) DO UPDATE SET last_used_at = excluded.last_used_at;

-- name: role_exists
SELECT EXISTS (SELECT FROM roles WHERE tenant_id = $1 AND name = $2);

-- name: forget_tickets
DELETE FROM sso_tickets WHERE hash IN
    (SELECT hash FROM sso_tickets WHERE expires_at < $1 AND session_id IS NULL ORDER BY expires_at LIMIT 100
     FOR UPDATE SKIP LOCKED);

-- name: add_ticket
INSERT INTO sso_tickets (hash, browser_hash, user_id, tenant_id, provider_id, factors, hint_sealed, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: use_ticket
UPDATE sso_tickets t SET used_at = $3
FROM users u
WHERE t.hash = $1 AND t.browser_hash = $2 AND t.used_at IS NULL AND t.expires_at > $3
    AND u.id = t.user_id AND u.disabled_at IS NULL
RETURNING t.user_id, t.tenant_id, t.factors;

-- name: opened
UPDATE sso_tickets SET session_id = $2 WHERE hash = $1;

-- name: sign_out
SELECT provider_id, hint_sealed FROM sso_tickets WHERE session_id = $1 AND tenant_id = $2;
