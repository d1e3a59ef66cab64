-- name: put
INSERT INTO run_inbox (tenant_id, run_id, shard, kind, data, created_at)
SELECT b.tenant, b.run, b.shard, b.kind, b.data::json, b.at
FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::timestamptz[])
    WITH ORDINALITY AS b(tenant, run, shard, kind, data, at, n)
ORDER BY b.n;

-- name: of_runs
SELECT i.id, i.run_id, i.kind, i.data
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
CROSS JOIN LATERAL (SELECT m.id, m.run_id, m.kind, m.data FROM run_inbox m
    WHERE m.tenant_id = asked.tenant AND m.run_id = asked.run ORDER BY m.id LIMIT $3) AS i
ORDER BY i.id;

-- name: waiting
SELECT i.shard, i.tenant_id, i.run_id, array_agg(i.id ORDER BY i.id) AS messages, r.status, r.last_seq, r.wake_at,
    r.cancel_requested_at IS NOT NULL AS cancel_requested
FROM (SELECT m.* FROM run_inbox m JOIN runs o ON o.tenant_id = m.tenant_id AND o.id = m.run_id AND o.ended_at IS NULL
    WHERE m.shard = ANY ($1::smallint[]) ORDER BY m.id LIMIT $2) AS i
JOIN runs r ON r.tenant_id = i.tenant_id AND r.id = i.run_id
GROUP BY i.shard, i.tenant_id, i.run_id, r.status, r.last_seq, r.wake_at, r.cancel_requested_at;

-- name: forget
DELETE FROM run_inbox WHERE id = ANY ($1::bigint[]);

-- name: forget_of_ended
DELETE FROM run_inbox WHERE id IN (
    SELECT i.id FROM run_inbox i JOIN runs r ON r.tenant_id = i.tenant_id AND r.id = i.run_id
    WHERE r.ended_at IS NOT NULL LIMIT $1);
