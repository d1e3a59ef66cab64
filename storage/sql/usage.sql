-- name: queue
SELECT waiting, held, running, oldest_at, tenants_waiting FROM queue_usage($1, $2);

-- name: add_traffic
INSERT INTO usage_traffic AS t (tenant_id, day, route_class, requests, units, refused)
SELECT * FROM unnest($1::uuid[], $2::date[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS a(tenant, day, class, requests, units, refused)
ORDER BY a.tenant, a.day, a.class
ON CONFLICT (tenant_id, day, route_class) DO UPDATE
    SET requests = t.requests + excluded.requests, units = t.units + excluded.units,
        refused = t.refused + excluded.refused;

-- name: traffic
SELECT day, route_class, requests, units, refused FROM usage_traffic
WHERE tenant_id = $1 AND day >= $2 ORDER BY day, route_class;

-- name: days
SELECT d.day::date AS day,
    (SELECT count(*) FROM runs r WHERE r.tenant_id = $1
        AND r.id >= uuid7_floor(d.day) AND r.id < uuid7_floor(d.day + interval '1 day')) AS runs,
    (SELECT count(*) FROM events e WHERE e.tenant_id = $1
        AND e.received_at >= d.day AND e.received_at < d.day + interval '1 day') AS events
FROM generate_series($2::timestamptz, $3::timestamptz - interval '1 microsecond', interval '1 day') AS d(day)
ORDER BY d.day;

-- name: count_runs
SELECT count(*) FROM runs WHERE tenant_id = $1 AND id >= uuid7_floor($2);

-- name: count_events
SELECT count(*) FROM events WHERE tenant_id = $1 AND received_at >= $2;

-- name: count_event_bytes
SELECT coalesce(sum(pg_column_size(envelope)), 0)::bigint FROM events WHERE tenant_id = $1 AND $2::timestamptz IS NOT NULL;

-- name: plan
SELECT plan, plan_changes FROM tenants WHERE id = $1;

-- name: set_plan
UPDATE tenants SET plan = $2, plan_changes = $3 WHERE name = $1 RETURNING id, shard;

-- name: tell_plan
INSERT INTO outbox (tenant_id, shard, topic, payload) VALUES ($1, $2, 'push', $3);
