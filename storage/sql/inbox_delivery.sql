-- name: deliver
INSERT INTO notifications (tenant_id, id, user_id, run_id, key, severity, title, body, link, created_at)
SELECT a.tenant,
    -- Version 7: in the order of time, and the same when the same is delivered again.
    (lpad(to_hex((extract(epoch FROM a.at) * 1000)::bigint), 12, '0') || '7' || substr(a.hash, 1, 3) || '8'
        || substr(a.hash, 4, 15))::uuid,
    a.user_id, a.run, a.key, a.severity, a.title, a.body, a.link, a.at
FROM (
    SELECT n.*, m.user_id, md5(n.key || ' ' || m.user_id::text) AS hash
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[]) AS n(tenant, run, key, audience, name, severity, title, body, link, at)
    JOIN memberships m ON m.tenant_id = n.tenant
    JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
    WHERE n.audience = 'all' OR (n.audience = 'role' AND m.role = n.name)
        OR (n.audience = 'user' AND lower(u.email) = lower(n.name))) AS a
ORDER BY a.tenant, a.key, a.user_id
ON CONFLICT DO NOTHING
RETURNING tenant_id, user_id, id, severity, title, body, link, run_id, created_at;

-- name: push
INSERT INTO outbox (tenant_id, shard, topic, payload)
SELECT t.id, t.shard, 'push', p.payload::json
FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS p(tenant, payload, n) JOIN tenants t ON t.id = p.tenant
ORDER BY p.n;
