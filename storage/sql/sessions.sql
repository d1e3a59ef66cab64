-- name: open_session
WITH owner AS (
    SELECT id, session_epoch FROM users
    WHERE id = $2 AND disabled_at IS NULL AND session_epoch = coalesce($12, session_epoch)
    FOR SHARE
), opened AS (
    INSERT INTO sessions (id, user_id, tenant_id, user_agent, address, factors, authenticated_at, created_at, epoch,
        device, network)
    SELECT $1, id, $3, $4, $5, $6, $7, $8, session_epoch, $10, $11 FROM owner
    RETURNING id
)
INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at)
SELECT $13, id, $8, $9 FROM opened
RETURNING session_id;

-- name: is_new_device
SELECT count(*) > 0 AND NOT coalesce(bool_or(device = $3 AND network = $4 AND created_at > $5), false)
FROM sessions WHERE user_id = $1 AND id <> $2;

-- name: rotate
SELECT session_id, user_id, tenant_id, role, successor_sealed, stolen, factors, authenticated_at
FROM rotate_refresh_token($1, $2, $3, $4, $5, $6);

-- name: revoke
UPDATE sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL;

-- name: session_of
SELECT session_id FROM refresh_tokens WHERE hash = $1;

-- name: ended
SELECT id FROM sessions WHERE revoked_at > $1
UNION
SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.disabled_at > $1
UNION
SELECT ended_oauth($1);

-- name: add_ticket
INSERT INTO sign_in_tickets (hash, user_id, tenant_id, expires_at) VALUES ($1, $2, $3, $4);

-- name: use_ticket
UPDATE sign_in_tickets t SET used_at = $2
FROM users u
WHERE t.hash = $1 AND t.used_at IS NULL AND t.expires_at > $2 AND u.id = t.user_id AND u.disabled_at IS NULL
RETURNING t.user_id, t.tenant_id;
