-- name: list
SELECT id, private_sealed, created_at, activates_at, retires_at FROM signing_keys ORDER BY activates_at, id;

-- name: lock
SELECT pg_advisory_xact_lock(7460105122);

-- name: newest
SELECT max(created_at) FROM signing_keys;

-- name: add
INSERT INTO signing_keys (id, private_sealed, created_at, activates_at, retires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING;

-- name: retire
UPDATE signing_keys SET retires_at = $2 WHERE id <> $1 AND (retires_at IS NULL OR retires_at > $2);

-- name: forget
DELETE FROM signing_keys WHERE retires_at < $1 AND private_sealed IS NOT NULL;
