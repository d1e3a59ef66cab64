-- name: add_version
INSERT INTO model_versions
    (tenant_id, model, version, manifest, object_key, sha256, size_bytes, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: version
SELECT tenant_id, model, version, manifest, object_key, sha256, size_bytes, created_at, created_by
FROM model_versions WHERE tenant_id = $1 AND model = $2 AND version = $3;

-- name: aliased
SELECT v.tenant_id, v.model, v.version, v.manifest, v.object_key, v.sha256, v.size_bytes, v.created_at, v.created_by
FROM model_aliases a JOIN model_versions v USING (tenant_id, model, version)
WHERE a.tenant_id = $1 AND a.model = $2 AND a.alias = $3;

-- name: set_alias
INSERT INTO model_aliases (tenant_id, model, alias, version, updated_at)
SELECT v.tenant_id, v.model, $3, v.version, $5 FROM model_versions v
WHERE v.tenant_id = $1 AND v.model = $2 AND v.version = $4
ON CONFLICT (tenant_id, model, alias) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at
RETURNING true;

-- name: aliases
SELECT alias, version FROM model_aliases WHERE tenant_id = $1 AND model = $2 ORDER BY alias;

-- name: all_aliases
SELECT model, alias, version FROM model_aliases WHERE tenant_id = $1 ORDER BY model, alias;

-- name: versions
SELECT tenant_id, model, version, manifest, object_key, sha256, size_bytes, created_at, created_by
FROM model_versions WHERE tenant_id = $1 AND model = $2 ORDER BY created_at DESC, version DESC;

-- name: latest
SELECT DISTINCT ON (model) tenant_id, model, version, manifest, object_key, sha256, size_bytes, created_at, created_by,
    count(*) OVER (PARTITION BY model) AS versions
FROM model_versions WHERE tenant_id = $1
ORDER BY model, created_at DESC, version DESC;
