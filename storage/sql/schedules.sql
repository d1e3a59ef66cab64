-- name: due
SELECT t.tenant_id, t.namespace, t.name, t.kind, t.spec, t.shard, t.next_at, w.latest_version
FROM workflow_triggers t JOIN workflows w USING (tenant_id, namespace, name)
WHERE t.next_at <= $2 AND t.shard = ANY ($1::smallint[]) AND w.enabled
ORDER BY t.next_at
LIMIT $3
FOR UPDATE OF t SKIP LOCKED;

-- name: waiting_for_end
SELECT DISTINCT ON (t.tenant_id, t.namespace, t.name) t.tenant_id, t.namespace, t.name, t.spec, e.ended
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS e(tenant, namespace, name, ended)
JOIN workflow_triggers t ON t.tenant_id = e.tenant AND t.namespace = e.namespace AND t.name = e.name
WHERE t.kind = 'after' AND t.next_at IS NULL
ORDER BY t.tenant_id, t.namespace, t.name, e.ended DESC;

-- name: set_next
UPDATE workflow_triggers t SET next_at = n.next_at
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) AS n(tenant, namespace, name, kind, next_at)
WHERE t.tenant_id = n.tenant AND t.namespace = n.namespace AND t.name = n.name AND t.kind = n.kind;
