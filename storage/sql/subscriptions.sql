-- name: begin
INSERT INTO run_subscriptions (tenant_id, run_id, listen, filter, shard, type, key_from, key_value, spec)
SELECT b.tenant, b.run, b.listen, b.filter, b.shard, b.type, b.key_from, b.key_value, b.spec::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::smallint[], $5::smallint[], $6::text[], $7::text[], $8::text[],
    $9::text[]) AS b(tenant, run, listen, filter, shard, type, key_from, key_value, spec)
ON CONFLICT DO NOTHING;

-- name: end
DELETE FROM run_subscriptions s
USING unnest($1::uuid[], $2::uuid[], $3::integer[]) AS b(tenant, run, listen)
WHERE s.tenant_id = b.tenant AND s.run_id = b.run AND (b.listen IS NULL OR s.listen = b.listen);

-- name: keys
-- From one key to the next in the index, whatever number of runs has it.
WITH RECURSIVE asked AS (
    SELECT DISTINCT a.tenant, t.type
    FROM unnest($1::uuid[], $2::text[]) AS a(tenant, type) CROSS JOIN LATERAL (VALUES (a.type), ('')) AS t(type)
), found AS (
    SELECT a.tenant, a.type, (SELECT min(s.key_from) FROM run_subscriptions s
        WHERE s.tenant_id = a.tenant AND s.type = a.type) AS key_from
    FROM asked a
    UNION ALL
    SELECT f.tenant, f.type, (SELECT min(s.key_from) FROM run_subscriptions s
        WHERE s.tenant_id = f.tenant AND s.type = f.type AND s.key_from > f.key_from)
    FROM found f WHERE f.key_from IS NOT NULL
)
SELECT tenant, type, key_from FROM found WHERE key_from IS NOT NULL;

-- name: listening
SELECT a.n, s.run_id, s.shard, s.spec
FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::text[], $5::text[]) AS a(n, tenant, type, key_from, key_value)
JOIN run_subscriptions s ON s.tenant_id = a.tenant AND s.type = a.type AND s.key_from = a.key_from
    AND s.key_value = a.key_value
ORDER BY a.n, s.run_id, s.listen, s.filter;
