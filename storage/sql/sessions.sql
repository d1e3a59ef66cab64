-- name: add_session
INSERT INTO sessions (id, user_id, tenant_id, user_agent, address, factors, authenticated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: add_refresh_token
INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: lock_refresh_token
SELECT r.session_id, r.expires_at, r.used_at, r.successor_sealed, s.user_id, s.tenant_id, s.factors, s.authenticated_at,
    s.revoked_at IS NULL AND u.disabled_at IS NULL AS living
FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id
WHERE r.hash = $1
FOR UPDATE OF r;

-- name: use_refresh_token
UPDATE refresh_tokens SET used_at = $2, successor_sealed = $3 WHERE hash = $1;

-- name: revoke
UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: session_of
SELECT session_id FROM refresh_tokens WHERE hash = $1;

-- name: ended
SELECT id FROM sessions WHERE revoked_at > $1
UNION
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.disabled_at > $1;

-- name: add_ticket
INSERT INTO sign_in_tickets (hash, user_id, tenant_id, expires_at) VALUES ($1, $2, $3, $4);

-- name: use_ticket
UPDATE sign_in_tickets t SET used_at = $2
FROM users u
WHERE t.hash = $1 AND t.used_at IS NULL AND t.expires_at > $2 AND u.id = t.user_id AND u.disabled_at IS NULL
RETURNING t.user_id, t.tenant_id;
