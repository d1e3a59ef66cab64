-- name: name_taken
SELECT EXISTS (SELECT FROM tenants WHERE name = $1);

-- name: ask_registration
WITH taken AS (
    SELECT id, email FROM users WHERE lower(email) = lower($2)
), token AS (
    INSERT INTO account_tokens (hash, purpose, user_id, email, registration_sealed, created_at, expires_at)
    SELECT $1, 'register', (SELECT id FROM taken), $2, $3, $4, $5
)
INSERT INTO mails (id, kind, recipient, sealed, created_at, expires_at, next_at)
SELECT $6, CASE WHEN EXISTS (SELECT FROM taken) THEN 'account_exists' ELSE 'verification' END,
    coalesce((SELECT email FROM taken), $2), $7, $4, $5, $4;

-- name: registration
SELECT email, registration_sealed AS sealed FROM account_tokens
WHERE hash = $1 AND purpose = 'register' AND user_id IS NULL AND used_at IS NULL AND expires_at > $2;

-- name: use_registration
UPDATE account_tokens SET used_at = $2
WHERE hash = $1 AND purpose = 'register' AND user_id IS NULL AND used_at IS NULL AND expires_at > $2
RETURNING email;

-- name: ask_reset
WITH owner AS (
    SELECT id, email FROM users WHERE lower(email) = lower($2) AND disabled_at IS NULL
), token AS (
    INSERT INTO account_tokens (hash, purpose, user_id, email, created_at, expires_at)
    SELECT $1, 'reset', (SELECT id FROM owner), $2, $3, $4
)
INSERT INTO mails (id, kind, recipient, sealed, created_at, expires_at, next_at)
SELECT $5, CASE WHEN EXISTS (SELECT FROM owner) THEN 'reset' ELSE 'nobody' END,
    coalesce((SELECT email FROM owner), $2), $6, $3, $4, $3;

-- name: ask_verification
WITH known AS (
    SELECT id, email, email_verified_at IS NULL AND disabled_at IS NULL AS due FROM users WHERE lower(email) = lower($2)
), pending AS (
    SELECT registration_sealed AS sealed FROM account_tokens
    WHERE lower(email) = lower($2) AND purpose = 'register' AND user_id IS NULL AND used_at IS NULL AND expires_at > $3
        AND NOT EXISTS (SELECT FROM known)
    ORDER BY created_at DESC LIMIT 1
), token AS (
    INSERT INTO account_tokens (hash, purpose, user_id, email, registration_sealed, created_at, expires_at)
    SELECT $1, CASE WHEN EXISTS (SELECT FROM pending) THEN 'register' ELSE 'verify' END,
        (SELECT id FROM known WHERE due), $2, (SELECT sealed FROM pending), $3, $4
)
INSERT INTO mails (id, kind, recipient, sealed, created_at, expires_at, next_at)
SELECT $5,
    CASE WHEN EXISTS (SELECT FROM known WHERE due) OR EXISTS (SELECT FROM pending) THEN 'verification' ELSE 'nobody' END,
    coalesce((SELECT email FROM known), $2), $6, $3, $4, $3;

-- name: add_token
INSERT INTO account_tokens (hash, purpose, user_id, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6);

-- name: to_verify
SELECT user_id FROM account_tokens
WHERE hash = $1 AND purpose = 'verify' AND user_id IS NOT NULL AND used_at IS NULL AND expires_at > $2;

-- name: verify
WITH token AS (
    UPDATE account_tokens SET used_at = $2
    WHERE hash = $1 AND purpose = 'verify' AND user_id IS NOT NULL AND used_at IS NULL AND expires_at > $2
    RETURNING user_id, email
)
UPDATE users u SET email_verified_at = coalesce(u.email_verified_at, $2) FROM token
WHERE u.id = token.user_id AND lower(u.email) = lower(token.email) AND u.disabled_at IS NULL
RETURNING u.id;

-- name: reset_of
SELECT t.user_id, u.email FROM account_tokens t JOIN users u ON u.id = t.user_id
WHERE t.hash = $1 AND t.purpose = 'reset' AND t.used_at IS NULL AND t.expires_at > $2 AND u.disabled_at IS NULL;

-- name: use_reset
WITH token AS (
    UPDATE account_tokens SET used_at = $3
    WHERE hash = $1 AND purpose = 'reset' AND user_id IS NOT NULL AND used_at IS NULL AND expires_at > $3
    RETURNING user_id
)
UPDATE users u SET password_hash = $2, session_epoch = u.session_epoch + 1,
    email_verified_at = coalesce(u.email_verified_at, $3)
FROM token WHERE u.id = token.user_id AND u.disabled_at IS NULL
RETURNING u.id;

-- name: burn_resets
UPDATE account_tokens SET used_at = $2 WHERE user_id = $1 AND purpose = 'reset' AND used_at IS NULL;

-- name: change_password
UPDATE users SET password_hash = $3, session_epoch = session_epoch + 1
WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL
RETURNING session_epoch;

-- name: rehash
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2;

-- name: move_epoch
UPDATE users SET session_epoch = session_epoch + 1 WHERE id = $1;

-- name: drop_challenges
DELETE FROM mfa_challenges WHERE user_id = $1;

-- name: end_sessions
UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id;

-- name: end_other_sessions
UPDATE sessions SET revoked_at = $2 WHERE user_id = $1 AND id <> $3 AND revoked_at IS NULL RETURNING id;

-- name: end_own_session
UPDATE sessions SET revoked_at = coalesce(revoked_at, $2) WHERE id = $3 AND user_id = $1 RETURNING id;

-- name: living_sessions
SELECT s.id, s.tenant_id, t.name AS tenant_name, s.user_agent, s.address, s.created_at, s.factors,
    last.issued_at AS last_seen_at
FROM sessions s JOIN users u ON u.id = s.user_id JOIN tenants t ON t.id = s.tenant_id
CROSS JOIN LATERAL (
    SELECT r.issued_at, r.expires_at FROM refresh_tokens r WHERE r.session_id = s.id ORDER BY r.issued_at DESC LIMIT 1
) last
WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.epoch = u.session_epoch AND last.expires_at > $2
ORDER BY last.issued_at DESC, s.id DESC LIMIT $3;

-- name: profile
SELECT id, email, name, locale, time_zone, email_verified_at FROM users WHERE id = $1;

-- name: update_profile
UPDATE users SET name = coalesce($2, name), locale = coalesce($3, locale), time_zone = coalesce($4, time_zone)
WHERE id = $1
RETURNING id, email, name, locale, time_zone, email_verified_at;
