-- name: definition
SELECT definition, since::text::bigint AS since FROM metric_definitions WHERE tenant_id = $1 AND name = $2;

-- name: definitions_from
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, d.tenant_id, d.name, d.definition,
    d.since::text::bigint AS since
FROM (SELECT 1) AS one LEFT JOIN metric_definitions d ON d.since >= $1::text::xid8;

-- name: series
SELECT start, dimensions, count, sum, min, max, histogram, uniques FROM metric_points
WHERE tenant_id = $1 AND metric = $2 AND step = $3 AND start >= $4 AND start < $5
ORDER BY start, dimensions
LIMIT $6;

-- name: cells
SELECT k.n, p.count, p.sum, p.min, p.max, p.histogram, p.uniques
FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[]) WITH ORDINALITY
    AS k(tenant, metric, step, start, dimensions, n)
JOIN metric_points p ON p.tenant_id = k.tenant AND p.metric = k.metric AND p.step = k.step AND p.start = k.start
    AND p.dimensions = k.dimensions;

-- name: positions
SELECT partition, xid::text::bigint AS xid, seq,
    extract(epoch FROM clock_timestamp() - updated_at)::float8 AS age
FROM metric_offsets;

-- name: settle
UPDATE metric_offsets o SET xid = m.xid::xid8, seq = m.seq, updated_at = now()
FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
    AS m(partition, expected_xid, expected_seq, xid, seq)
WHERE o.partition = m.partition AND o.xid = m.expected_xid::xid8 AND o.seq = m.expected_seq
RETURNING o.partition;

-- name: apply
WITH moved AS (
    UPDATE metric_offsets SET xid = $4::text::xid8, seq = $5, updated_at = now()
    WHERE partition = $1 AND xid = $2::text::xid8 AND seq = $3
    RETURNING 1
), cells AS (
    SELECT * FROM unnest($6::uuid[], $7::text[], $8::integer[], $9::timestamptz[], $10::text[], $11::bigint[],
        $12::bigint[], $13::numeric[], $14::float8[], $15::float8[], $16::bytea[], $17::bytea[])
        AS c(tenant, metric, step, start, dimensions, known, count, sum, min, max, histogram, uniques)
), changed AS (
    UPDATE metric_points p SET count = c.count, sum = c.sum, min = c.min, max = c.max, histogram = c.histogram,
        uniques = coalesce(c.uniques, p.uniques)
    FROM cells c
    WHERE c.known > 0 AND p.tenant_id = c.tenant AND p.metric = c.metric AND p.step = c.step AND p.start = c.start
        AND p.dimensions = c.dimensions AND p.count = c.known
    RETURNING 1
), added AS (
    INSERT INTO metric_points (tenant_id, metric, step, start, dimensions, count, sum, min, max, histogram, uniques)
    SELECT tenant, metric, step, start, dimensions, count, sum, min, max, histogram, uniques
    FROM cells WHERE known = 0
    ORDER BY tenant, metric, step, start, dimensions
    ON CONFLICT DO NOTHING
    RETURNING 1
), told AS (
    INSERT INTO outbox (tenant_id, shard, topic, payload)
    SELECT tenant, shard, 'push', payload::json
    FROM unnest($18::uuid[], $19::smallint[], $20::text[]) WITH ORDINALITY AS l(tenant, shard, payload, n) ORDER BY n
)
SELECT (SELECT count(*) FROM moved) AS moved,
    (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS written;

-- name: admitted
SELECT k.n
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[]) WITH ORDINALITY AS k(tenant, metric, place, value, n)
JOIN metric_dimension_values v ON v.tenant_id = k.tenant AND v.metric = k.metric AND v.place = k.place
    AND v.value = k.value;

-- name: admit
INSERT INTO metric_dimension_values (tenant_id, metric, place, value)
SELECT k.tenant, k.metric, k.place, k.value
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[]) AS k(tenant, metric, place, value)
ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING;

-- name: count_values
SELECT tenant_id, metric, place, count(*) AS known
FROM metric_dimension_values
WHERE (tenant_id, metric, place) IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[]))
GROUP BY tenant_id, metric, place;

-- name: dimension_values
SELECT place, value FROM metric_dimension_values WHERE tenant_id = $1 AND metric = $2;

-- name: recount_events
SELECT xmin::text::bigint AS xmin, envelope FROM events
WHERE tenant_id = $1 AND time >= $2 AND time < $3;

-- name: recount_journal
SELECT j.xmin::text::bigint AS xmin, j.seq, j.type, j.at, j.data, r.id, r.namespace, r.name, r.version, r.created_at,
    r.started_at
FROM journal j JOIN runs r ON r.tenant_id = j.tenant_id AND r.id = j.run_id
WHERE j.tenant_id = $1 AND j.at >= $2 AND j.at < $3 AND j.type LIKE 'run.%'
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false';

-- name: recount_tasks
SELECT j.xmin::text::bigint AS xmin, j.seq, j.type, j.task, j.at, j.data, r.id, r.namespace, r.name, r.version,
    r.created_at, r.started_at,
    coalesce(v.definition -> 'document' -> 'metadata' ->> 'lifecycleEvents' = 'tasks', false) AS tells_tasks
FROM journal j JOIN runs r ON r.tenant_id = j.tenant_id AND r.id = j.run_id
JOIN workflow_versions v ON v.tenant_id = r.tenant_id AND v.namespace = r.namespace AND v.name = r.name
    AND v.version = r.version
WHERE j.tenant_id = $1 AND j.at >= $2 AND j.at < $3 AND j.type LIKE 'task.%'
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false';
