-- name: enrolled
SELECT EXISTS (SELECT FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS totp,
    (SELECT count(*) FROM passkeys WHERE user_id = $1)::int AS passkeys,
    (SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL)::int AS recovery_codes;

-- name: put_totp
INSERT INTO totp_factors (user_id, secret_sealed, created_at) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET secret_sealed = $2, created_at = $3, last_step = -1
    WHERE totp_factors.confirmed_at IS NULL
RETURNING true;

-- name: totp
SELECT secret_sealed, last_step, created_at, confirmed_at FROM totp_factors WHERE user_id = $1;

-- name: confirm_totp
UPDATE totp_factors SET confirmed_at = $4, last_step = $3
WHERE user_id = $1 AND secret_sealed = $2 AND confirmed_at IS NULL
RETURNING true;

-- name: use_step
UPDATE totp_factors SET last_step = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2
RETURNING true;

-- name: delete_totp
DELETE FROM totp_factors WHERE user_id = $1 RETURNING confirmed_at;

-- name: lock_user
SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE;

-- name: delete_recovery_codes
DELETE FROM recovery_codes WHERE user_id = $1;

-- name: add_recovery_codes
INSERT INTO recovery_codes (user_id, hash, salt, created_at) SELECT $1, one, $3, $4 FROM unnest($2::bytea[]) one;

-- name: recovery_salt
SELECT salt FROM recovery_codes WHERE user_id = $1 LIMIT 1;

-- name: recovery_created
SELECT min(created_at) FROM recovery_codes WHERE user_id = $1;

-- name: use_recovery_code
UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL RETURNING true;

-- name: forget_challenges
DELETE FROM mfa_challenges WHERE user_id = $1 AND expires_at <= $2;

-- name: add_challenge
INSERT INTO mfa_challenges (hash, user_id, tenant_id, factors, user_agent, nonce, expires_at, epoch)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: challenge
SELECT user_id, tenant_id, factors, user_agent, nonce, epoch FROM mfa_challenges
WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 AND tries < $3;

-- name: count_try
UPDATE mfa_challenges SET tries = tries + 1
WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 AND tries < $3
RETURNING true;

-- name: close_challenge
UPDATE mfa_challenges SET used_at = $2 WHERE hash = $1;

-- name: forget_nonces
DELETE FROM used_nonces WHERE nonce IN
    (SELECT nonce FROM used_nonces WHERE expires_at <= $1 ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);

-- name: use_nonce
INSERT INTO used_nonces (nonce, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true;

-- name: prove_session
UPDATE sessions SET factors = $2, authenticated_at = $3 WHERE id = $1 AND revoked_at IS NULL RETURNING true;

-- name: requirements
SELECT role FROM mfa_requirements WHERE tenant_id = $1 ORDER BY role;

-- name: clear_requirements
DELETE FROM mfa_requirements WHERE tenant_id = $1;

-- name: add_requirements
INSERT INTO mfa_requirements (tenant_id, role) SELECT $1, one FROM unnest($2::text[]) one;
