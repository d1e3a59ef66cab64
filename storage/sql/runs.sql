-- name: accept
WITH accepted AS (
    INSERT INTO runs (tenant_id, id, shard, namespace, name, version, cause, input, created_at, held)
    SELECT b.tenant, b.id, b.shard, b.namespace, b.name, b.version, b.cause::json, b.input::json, b.created,
        EXISTS (SELECT FROM workflow_versions v WHERE v.tenant_id = b.tenant AND v.namespace = b.namespace
            AND v.name = b.name AND v.version = b.version AND v.flow IS NOT NULL)
    FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::timestamptz[]) AS b(tenant, id, shard, namespace, name, version, cause, input, created)
    RETURNING id, held)
SELECT id FROM accepted WHERE held;

-- name: get
SELECT * FROM runs WHERE tenant_id = $1 AND id = $2;

-- name: get_at_once
SELECT * FROM run_of($1, $2);

-- name: list
SELECT r.tenant_id, r.id, r.namespace, r.name, r.version, r.status, r.cause, r.error, r.last_seq, r.created_at,
    r.started_at, r.ended_at, r.wake_at, r.cancel_requested_at, NULL::json AS input, NULL::json AS output
FROM runs r
WHERE r.tenant_id = $1
  AND ($2::text[] IS NULL OR r.status = ANY ($2))
  AND ($3::text IS NULL OR r.namespace = $3)
  AND ($4::text IS NULL OR r.name = $4)
  AND ($5::uuid IS NULL OR r.id >= $5)
  AND ($6::uuid IS NULL OR r.id < $6)
  AND ($7::text IS NULL OR EXISTS (SELECT 1 FROM run_search s WHERE s.tenant_id = $1 AND s.run_id = r.id
        AND s.document @@ websearch_to_tsquery('simple', $7)))
  AND ($8::uuid IS NULL OR r.id < $8)
  AND ($10::uuid IS NULL OR EXISTS (SELECT 1 FROM run_origins o WHERE o.tenant_id = $1 AND o.run_id = r.id
        AND o.rerun_of = $10))
  AND (coalesce(r.cause ->> 'dryRun', 'false') = 'true') = $11
  AND ($12::boolean IS NULL OR (($12 OR r.namespace || '/' || r.name = ANY ($13::text[]) OR r.namespace || '/' || r.name ^@ ANY ($14::text[]))
        AND r.namespace || '/' || r.name <> ALL ($15::text[]) AND NOT r.namespace || '/' || r.name ^@ ANY ($16::text[])))
ORDER BY r.id DESC
LIMIT $9;

-- name: request_cancel
UPDATE runs SET cancel_requested_at = coalesce(cancel_requested_at, $3)
WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
RETURNING shard;

-- name: shard_of
SELECT shard FROM tenants WHERE id = $1;

-- name: open_by_keys
SELECT r.tenant_id, r.id, r.shard, r.namespace, r.name, r.version, r.status, r.cause, r.input, r.last_seq, r.created_at,
    r.started_at, r.wake_at, r.cancel_requested_at
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, id)
JOIN runs r ON r.tenant_id = asked.tenant AND r.id = asked.id
WHERE r.ended_at IS NULL AND (NOT r.held OR r.cancel_requested_at IS NOT NULL);

-- name: by_index
SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true);

-- name: needy
SELECT shard, tenant_id, id, status, last_seq, wake_at, cancel_requested, is_needy, looked FROM (
    SELECT *, lead(id) OVER (ORDER BY shard, tenant_id, id) IS NULL AS is_last, count(*) OVER () AS looked FROM (
        SELECT shard, tenant_id, id, status, last_seq, wake_at, cancel_requested_at IS NOT NULL AS cancel_requested,
            (status = 'pending' AND created_at <= $5 AND NOT held AND NOT tenant_id = ANY ($8::uuid[]))
                OR status = 'running' OR cancel_requested_at IS NOT NULL
                OR (status = 'waiting' AND coalesce(wake_at <= $6, false)) AS is_needy
        FROM runs
        WHERE shard = ANY ($1::smallint[]) AND ended_at IS NULL AND (shard, tenant_id, id) > ($2, $7, $3)
        ORDER BY shard, tenant_id, id
        LIMIT $4) AS page) AS looked_at
WHERE is_needy OR is_last
ORDER BY shard, tenant_id, id;

-- name: first_of_tenants
WITH RECURSIVE waiting (shard, tenant, n) AS (
    SELECT s.shard, (SELECT r.tenant_id FROM runs r WHERE r.shard = s.shard AND r.ended_at IS NULL
        ORDER BY r.tenant_id LIMIT 1), 1
    FROM unnest($1::smallint[]) AS s(shard)
    UNION ALL
    SELECT w.shard, (SELECT r.tenant_id FROM runs r WHERE r.shard = w.shard AND r.ended_at IS NULL
        AND r.tenant_id > w.tenant ORDER BY r.tenant_id LIMIT 1), w.n + 1
    FROM waiting w WHERE w.tenant IS NOT NULL AND w.n < $2)
SELECT f.* FROM waiting w CROSS JOIN LATERAL (
    SELECT r.shard, r.tenant_id, r.id, r.status, r.last_seq, r.wake_at,
        r.cancel_requested_at IS NOT NULL AS cancel_requested, r.created_at, r.held
    FROM runs r
    WHERE r.shard = w.shard AND r.tenant_id = w.tenant AND r.ended_at IS NULL
    ORDER BY r.id
    LIMIT $3) AS f
WHERE (f.status = 'pending' AND f.created_at <= $4 AND NOT f.held AND NOT f.tenant_id = ANY ($6::uuid[]))
    OR f.status = 'running' OR f.cancel_requested
    OR (f.status = 'waiting' AND coalesce(f.wake_at <= $5, false));

-- name: due
SELECT shard, tenant_id, id, status, last_seq, wake_at, cancel_requested_at IS NOT NULL AS cancel_requested
FROM runs
WHERE shard = ANY ($1::smallint[]) AND ended_at IS NULL AND wake_at <= $2
ORDER BY wake_at
LIMIT $3;

-- name: append
SELECT append_journal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
    $22, $23);

-- name: ended_by_keys
SELECT r.id, r.status, r.output, r.error
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, id)
JOIN runs r ON r.tenant_id = asked.tenant AND r.id = asked.id
WHERE r.ended_at IS NOT NULL;

-- name: last_seqs
SELECT tenant_id, id, last_seq, status FROM runs WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]));
