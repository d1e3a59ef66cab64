-- name: begin
INSERT INTO run_subscriptions (tenant_id, run_id, listen, filter, shard, type, spec)
SELECT b.tenant, b.run, b.listen, b.filter, b.shard, b.type, b.spec::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::smallint[], $5::smallint[], $6::text[], $7::text[])
    AS b(tenant, run, listen, filter, shard, type, spec)
ON CONFLICT DO NOTHING;

-- name: end
DELETE FROM run_subscriptions s
USING unnest($1::uuid[], $2::uuid[], $3::integer[]) AS b(tenant, run, listen)
WHERE s.tenant_id = b.tenant AND s.run_id = b.run AND (b.listen IS NULL OR s.listen = b.listen);

-- name: listening
SELECT a.n, s.run_id, s.shard, s.spec
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS a(tenant, type, n)
JOIN run_subscriptions s ON s.tenant_id = a.tenant AND s.type IN (a.type, '')
ORDER BY a.n, s.run_id, s.listen, s.filter;
