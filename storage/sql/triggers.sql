-- name: of_workflow
SELECT kind, spec FROM workflow_triggers WHERE tenant_id = $1 AND namespace = $2 AND name = $3;

-- name: remove
DELETE FROM workflow_triggers WHERE tenant_id = $1 AND namespace = $2 AND name = $3;

-- name: forget_gathered
DELETE FROM event_gatherings WHERE tenant_id = $1 AND namespace = $2 AND name = $3;

-- name: add
INSERT INTO workflow_triggers (tenant_id, namespace, name, kind, spec, shard, next_at)
SELECT $1, $2, $3, $4, $5, t.shard, $6 FROM tenants t WHERE t.id = $1;

-- name: set_next
UPDATE workflow_triggers SET next_at = $5 WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND kind = $4;

-- name: on_events
SELECT t.tenant_id, t.namespace, t.name, w.latest_version, t.spec
FROM workflow_triggers t JOIN workflows w USING (tenant_id, namespace, name)
WHERE t.tenant_id = ANY ($1::uuid[]) AND t.kind = 'on' AND w.enabled
ORDER BY t.tenant_id, t.namespace, t.name;
