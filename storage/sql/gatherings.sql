-- name: lock
SELECT 1 FROM workflow_triggers WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND kind = 'on' FOR UPDATE;

-- name: open
SELECT id, state FROM event_gatherings WHERE tenant_id = $1 AND namespace = $2 AND name = $3 ORDER BY id;

-- name: change
WITH gone AS (DELETE FROM event_gatherings WHERE id = ANY ($3::bigint[]))
UPDATE event_gatherings g SET state = n.state::json
FROM unnest($1::bigint[], $2::text[]) AS n(id, state) WHERE g.id = n.id;

-- name: add
INSERT INTO event_gatherings (tenant_id, namespace, name, state)
SELECT $1, $2, $3, n.state::json FROM unnest($4::text[]) WITH ORDINALITY AS n(state, place) ORDER BY n.place;
