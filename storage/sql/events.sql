-- name: ingest
WITH asked AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
        $7::timestamptz[], $8::text[]) WITH ORDINALITY
        AS a(tenant, source, id, type, subject, at, received, envelope, n)
), fresh AS (
    -- Sorted, so that two transactions with the same events wait for each other and do not deadlock.
    INSERT INTO events (tenant_id, source, id, type, subject, time, received_at, envelope)
    SELECT tenant, source, id, type, subject, at, received, envelope::json FROM asked ORDER BY tenant, source, id
    ON CONFLICT DO NOTHING
    RETURNING tenant_id, source, id
), new AS (
    SELECT a.n, a.tenant, a.envelope, t.shard, t.workflow_generation
    FROM asked a
    JOIN fresh f ON f.tenant_id = a.tenant AND f.source = a.source AND f.id = a.id
    JOIN tenants t ON t.id = a.tenant
), told AS (
    INSERT INTO outbox (tenant_id, shard, topic, payload)
    SELECT tenant, shard, 'events', envelope::json FROM new ORDER BY n
)
SELECT n, shard, workflow_generation FROM new ORDER BY n;

-- name: list
SELECT envelope, received_at, source, id FROM events
WHERE tenant_id = $1
  AND ($2::text IS NULL OR type = $2)
  AND ($3::text IS NULL OR source = $3)
  AND ($4::timestamptz IS NULL OR (received_at, source, id) < ($4, $5, $6))
ORDER BY received_at DESC, source DESC, id DESC
LIMIT $7;
