-- name: add
INSERT INTO api_keys (tenant_id, id, hash, prefix, name, subject_kind, subject_id, scopes, created_at, created_by,
    expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: count
SELECT count(*) FROM api_keys
WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > $4);

-- name: list
SELECT id, prefix, name, subject_kind, subject_id, scopes, created_at, created_by, expires_at, last_used_at
FROM api_keys
WHERE tenant_id = $1 AND revoked_at IS NULL
  AND ($2::text IS NULL OR subject_kind = $2)
  AND ($3::uuid IS NULL OR subject_id = $3)
  AND ($4::uuid IS NULL OR id > $4)
ORDER BY id
LIMIT $5;

-- name: get
SELECT id, prefix, name, subject_kind, subject_id, scopes, created_at, created_by, expires_at, last_used_at
FROM api_keys WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL;

-- name: revoke
UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL;

-- name: revoke_of
UPDATE api_keys SET revoked_at = $4
WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND revoked_at IS NULL;
