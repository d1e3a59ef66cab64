-- name: add
INSERT INTO workflows (tenant_id, namespace, name, latest_version, title, summary, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT DO NOTHING;

-- name: lock
SELECT latest_version, enabled FROM workflows WHERE tenant_id = $1 AND namespace = $2 AND name = $3 FOR NO KEY UPDATE;

-- name: add_version
INSERT INTO workflow_versions
    (tenant_id, namespace, name, version, media_type, source, definition, content_hash, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: content_hash
SELECT content_hash FROM workflow_versions WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND version = $4;

-- name: set_latest
UPDATE workflows SET latest_version = $4, title = $5, summary = $6, updated_at = $7
WHERE tenant_id = $1 AND namespace = $2 AND name = $3;

-- name: set_enabled
UPDATE workflows SET enabled = $4, updated_at = $5 WHERE tenant_id = $1 AND namespace = $2 AND name = $3
RETURNING namespace, name, latest_version, title, summary, enabled, created_at, updated_at;

-- name: next_generation
UPDATE tenants SET workflow_generation = workflow_generation + 1 WHERE id = $1;

-- name: get
SELECT namespace, name, latest_version, title, summary, enabled, created_at, updated_at
FROM workflows WHERE tenant_id = $1 AND namespace = $2 AND name = $3;

-- name: list
SELECT namespace, name, latest_version, title, summary, enabled, created_at, updated_at
FROM workflows
WHERE tenant_id = $1
  AND ($2::text IS NULL OR position(lower($2) IN lower(concat_ws(' ', namespace || '/' || name, title, summary))) > 0)
  AND ($3::text IS NULL OR (namespace, name) > ($3, $4))
  AND ($6::boolean IS NULL OR (($6 OR namespace || '/' || name = ANY ($7::text[]) OR namespace || '/' || name ^@ ANY ($8::text[]))
        AND namespace || '/' || name <> ALL ($9::text[]) AND NOT namespace || '/' || name ^@ ANY ($10::text[])))
ORDER BY namespace, name
LIMIT $5;

-- name: versions
SELECT version, media_type, content_hash, created_at, created_by
FROM workflow_versions
WHERE tenant_id = $1 AND namespace = $2 AND name = $3
  AND ($4::timestamptz IS NULL OR (created_at, version) < ($4, $5))
ORDER BY created_at DESC, version DESC
LIMIT $6;

-- name: version
SELECT version, media_type, source, definition, content_hash, created_at
FROM workflow_versions WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND version = $4;

-- name: add_resources
INSERT INTO workflow_resources (tenant_id, namespace, name, version, resources) VALUES ($1, $2, $3, $4, $5);

-- name: resources
SELECT resources FROM workflow_resources WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND version = $4;
