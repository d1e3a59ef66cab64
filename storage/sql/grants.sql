-- name: add
INSERT INTO grants (tenant_id, id, subject_kind, subject, effect, permission, resource, instance, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;

-- name: count
SELECT count(*) FROM grants WHERE tenant_id = $1;

-- name: subject_exists
SELECT CASE $2::text
    WHEN 'user' THEN EXISTS (SELECT FROM memberships WHERE tenant_id = $1 AND user_id::text = $3)
    WHEN 'service_account' THEN EXISTS (SELECT FROM service_accounts WHERE tenant_id = $1 AND id::text = $3)
    ELSE EXISTS (SELECT FROM roles WHERE tenant_id = $1 AND name = $3) END;

-- name: list
SELECT id, subject_kind, subject, effect, permission, resource, instance, created_at, created_by FROM grants
WHERE tenant_id = $1
  AND ($2::text IS NULL OR subject_kind = $2)
  AND ($3::text IS NULL OR subject = $3)
  AND ($4::text IS NULL OR resource = $4)
  AND ($5::text IS NULL OR instance = $5)
  AND ($6::uuid IS NULL OR id > $6)
ORDER BY id
LIMIT $7;

-- name: get
SELECT id, subject_kind, subject, effect, permission, resource, instance, created_at, created_by FROM grants
WHERE tenant_id = $1 AND id = $2;

-- name: delete
DELETE FROM grants WHERE tenant_id = $1 AND id = $2;

-- name: delete_of
DELETE FROM grants WHERE tenant_id = $1 AND subject_kind = $2 AND subject = $3;
