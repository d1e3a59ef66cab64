-- name: add
INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, backed_up, name, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: count
SELECT count(*) FROM passkeys WHERE user_id = $1;

-- name: find
SELECT id, user_id, credential_id, public_key, sign_count, transports, backed_up, name, created_at, last_used_at
FROM passkeys WHERE user_id = $1
ORDER BY created_at, id;

-- name: by_credential
SELECT id, user_id, credential_id, public_key, sign_count, transports, backed_up, name, created_at, last_used_at
FROM passkeys WHERE credential_id = $1;

-- name: rename
UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2
RETURNING id, user_id, credential_id, public_key, sign_count, transports, backed_up, name, created_at, last_used_at;

-- name: delete
DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING true;

-- name: use
UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4
WHERE credential_id = $1 AND (sign_count < $2 OR sign_count = 0 AND $2 = 0)
RETURNING true;
