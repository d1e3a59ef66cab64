-- name: add
INSERT INTO jobs (tenant_id, id, shard, kind, spec, total, created_at, created_by)
SELECT $1, $2, t.shard, $3, $4, $5, $6, $7 FROM tenants t WHERE t.id = $1
RETURNING *;

-- name: get
SELECT * FROM jobs WHERE tenant_id = $1 AND id = $2;

-- name: list
SELECT * FROM jobs WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3;

-- name: stop
UPDATE jobs SET state = 'stopped', ended_at = $3
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
RETURNING *;

-- name: forbid
UPDATE jobs SET state = 'stopped', ended_at = $3, reasons = $4 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL;

-- name: next
SELECT * FROM (
    SELECT DISTINCT ON (tenant_id) * FROM jobs WHERE shard = ANY ($1::smallint[]) AND ended_at IS NULL
    ORDER BY tenant_id, created_at) AS first_of_tenant
ORDER BY random()
LIMIT 1;

-- name: advance
UPDATE jobs SET state = CASE WHEN $8 THEN 'done' ELSE 'running' END, cursor = coalesce($4, cursor),
    done = done + $5, skipped = skipped + $6, reasons = $7, started_at = coalesce(started_at, $9),
    ended_at = CASE WHEN $8 THEN $9 END
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND cursor IS NOT DISTINCT FROM $3
RETURNING id;
