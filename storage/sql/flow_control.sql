-- name: specs
SELECT DISTINCT ON (v.tenant_id, v.namespace, v.name, v.version) v.tenant_id, v.namespace, v.name, v.version, v.flow
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS asked(tenant, namespace, name, version)
JOIN workflow_versions v ON v.tenant_id = asked.tenant AND v.namespace = asked.namespace AND v.name = asked.name
    AND v.version = asked.version
WHERE v.flow IS NOT NULL;

-- name: lock
-- Sorted, so that two transactions with the same keys wait for each other and do not deadlock.
INSERT INTO flow_keys (tenant_id, namespace, name, key, shard, control)
SELECT a.tenant, a.namespace, a.name, a.key, t.shard, a.control::json
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS a(tenant, namespace, name, key, control)
JOIN tenants t ON t.id = a.tenant
ORDER BY a.tenant, a.namespace, a.name, a.key
ON CONFLICT (tenant_id, namespace, name, key) DO UPDATE SET control = excluded.control
RETURNING *;

-- name: lock_of_runs
SELECT k.* FROM flow_keys k
WHERE (k.tenant_id, k.namespace, k.name, k.key) IN (
    SELECT f.tenant_id, f.namespace, f.name, f.key FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
    JOIN flow_runs f ON f.tenant_id = asked.tenant AND f.run_id = asked.run)
ORDER BY k.tenant_id, k.namespace, k.name, k.key
FOR NO KEY UPDATE;

-- name: lock_due
SELECT * FROM flow_keys WHERE shard = ANY ($1::smallint[]) AND due_at <= $2
ORDER BY due_at
LIMIT $3
FOR NO KEY UPDATE SKIP LOCKED;

-- name: next_due
SELECT min(due_at) FROM flow_keys WHERE shard = ANY ($1::smallint[]) AND due_at > $2;

-- name: enter
INSERT INTO flow_runs (tenant_id, run_id, namespace, name, key, state, priority, reason)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[]);

-- name: give_up
UPDATE runs r SET cancel_requested_at = coalesce(r.cancel_requested_at, $3)
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
WHERE r.tenant_id = asked.tenant AND r.id = asked.run AND r.ended_at IS NULL
RETURNING r.tenant_id, r.id, r.shard;

-- name: displace
WITH gone AS (
    UPDATE flow_runs f SET state = CASE f.state WHEN 'waiting' THEN 'dropped' ELSE f.state END, reason = d.reason
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::boolean[], $7::text[])
        AS d(tenant, namespace, name, key, keep, running, reason)
    WHERE f.tenant_id = d.tenant AND f.namespace = d.namespace AND f.name = d.name AND f.key = d.key
        AND f.run_id <> d.keep AND (f.state = 'waiting' OR (f.state = 'running' AND d.running))
    RETURNING f.tenant_id, f.run_id)
UPDATE runs r SET cancel_requested_at = coalesce(r.cancel_requested_at, $8)
FROM gone WHERE r.tenant_id = gone.tenant_id AND r.id = gone.run_id AND r.ended_at IS NULL
RETURNING r.tenant_id, r.id, r.shard;

-- name: let_in
WITH chosen AS MATERIALIZED (
    SELECT f.tenant_id, f.run_id
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[]) AS a(tenant, namespace, name, key, starts)
    CROSS JOIN LATERAL (
        SELECT w.tenant_id, w.run_id FROM flow_runs w
        WHERE w.tenant_id = a.tenant AND w.namespace = a.namespace AND w.name = a.name AND w.key = a.key
            AND w.state = 'waiting'
        ORDER BY w.priority DESC, w.place
        LIMIT a.starts) AS f),
marked AS (
    UPDATE flow_runs f SET state = 'running' FROM chosen c WHERE f.tenant_id = c.tenant_id AND f.run_id = c.run_id)
UPDATE runs r SET held = false FROM chosen c WHERE r.tenant_id = c.tenant_id AND r.id = c.run_id
RETURNING r.tenant_id, r.id, r.shard;

-- name: leave
DELETE FROM flow_runs f USING unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
WHERE f.tenant_id = asked.tenant AND f.run_id = asked.run
RETURNING f.tenant_id, f.namespace, f.name, f.key, f.state;

-- name: save
UPDATE flow_keys k SET running = s.running, waiting = s.waiting, next_place = s.place,
    accepted = s.accepted::timestamptz[], held_since = s.since, held_until = s.until, due_at = s.due,
    refused = k.refused + s.refused, last_refused_at = CASE WHEN s.refused > 0 THEN $12 ELSE k.last_refused_at END,
    updated_at = $12
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::timestamptz[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $13::integer[])
    AS s(tenant, namespace, name, key, running, waiting, place, accepted, since, until, due, refused)
WHERE k.tenant_id = s.tenant AND k.namespace = s.namespace AND k.name = s.name AND k.key = s.key;

-- name: reasons
SELECT f.run_id, f.reason FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN flow_runs f ON f.tenant_id = asked.tenant AND f.run_id = asked.run
WHERE f.reason <> '';

-- name: waiting_for
SELECT f.key, k.control, k.running, k.held_until, k.due_at, r.created_at, 1 + (
    SELECT count(*) FROM (
        SELECT FROM flow_runs a
        WHERE a.tenant_id = f.tenant_id AND a.namespace = f.namespace AND a.name = f.name AND a.key = f.key
            AND a.state = 'waiting' AND (-a.priority, a.place) < (-f.priority, f.place)
        LIMIT $3) AS ahead) AS position
FROM flow_runs f
JOIN flow_keys k ON k.tenant_id = f.tenant_id AND k.namespace = f.namespace AND k.name = f.name AND k.key = f.key
JOIN runs r ON r.tenant_id = f.tenant_id AND r.id = f.run_id
WHERE f.tenant_id = $1 AND f.run_id = $2 AND f.state = 'waiting';

-- name: list
SELECT key, running, waiting, refused, last_refused_at, due_at FROM flow_keys
WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND ($4::text IS NULL OR key > $4)
ORDER BY key
LIMIT $5;

-- name: control
SELECT v.flow FROM workflows w JOIN workflow_versions v USING (tenant_id, namespace, name)
WHERE w.tenant_id = $1 AND w.namespace = $2 AND w.name = $3 AND v.version = w.latest_version;

-- name: forget
DELETE FROM flow_keys WHERE running = 0 AND waiting = 0 AND updated_at < $1;
