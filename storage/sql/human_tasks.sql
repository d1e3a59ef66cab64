-- name: open
INSERT INTO human_tasks (tenant_id, id, run_id, shard, namespace, name, version, task, path, seq, title, body,
    assignee_kind, assignee, decisions, form, due_at, created_at, planned)
SELECT tenant, id, run, shard, namespace, name, version, task, path::integer[], seq, title, body, kind, assignee,
    ARRAY (SELECT json_array_elements_text(decisions::json)), form::json, due, at, planned::json
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::integer[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::timestamptz[], $18::timestamptz[], $19::text[])
    AS o(tenant, id, run, shard, namespace, name, version, task, path, seq, title, body, kind, assignee, decisions,
        form, due, at, planned);

-- name: move
UPDATE human_tasks h SET assignee_kind = m.kind, assignee = m.assignee,
    escalations = (h.escalations::jsonb || jsonb_build_array(jsonb_build_object('at', m.told, 'from',
        jsonb_build_object(h.assignee_kind, h.assignee), 'to', jsonb_build_object(m.kind, m.assignee), 'by', NULL)))::json
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::text[])
    AS m(tenant, run, task, path, seq, kind, assignee, told)
WHERE h.tenant_id = m.tenant AND h.run_id = m.run AND h.task = m.task AND h.path = m.path::integer[] AND h.seq < m.seq
    AND h.status = 'open'
RETURNING h.tenant_id, h.id, h.run_id, h.status, h.title, h.assignee_kind, h.assignee, h.due_at, h.escalations;

-- name: close
UPDATE human_tasks h SET status = c.status, closed_at = coalesce(h.closed_at, c.at), applied = true
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[])
    AS c(tenant, run, task, path, seq, status, at)
WHERE h.tenant_id = c.tenant AND h.run_id = c.run AND h.seq < c.seq
    AND (c.task = '' OR (h.task = c.task AND h.path = c.path::integer[])) AND NOT h.applied AND h.status = CASE c.status WHEN 'answered' THEN 'answered' ELSE 'open' END
RETURNING h.tenant_id, h.id, h.run_id, h.status, h.title, h.assignee_kind, h.assignee, h.due_at;

-- name: answered_meanwhile
SELECT DISTINCT h.run_id FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN human_tasks h ON h.tenant_id = asked.tenant AND h.run_id = asked.run
WHERE h.status = 'answered' AND NOT h.applied;

-- name: answers
SELECT h.run_id, h.seq, h.answer, h.closed_at FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN human_tasks h ON h.tenant_id = asked.tenant AND h.run_id = asked.run
WHERE h.status = 'answered' AND NOT h.applied
ORDER BY h.seq;

-- name: unapplied
SELECT h.shard, r.tenant_id, r.id, r.status, r.last_seq, r.wake_at
FROM human_tasks h JOIN runs r ON r.tenant_id = h.tenant_id AND r.id = h.run_id
WHERE h.shard = ANY ($1::smallint[]) AND h.status = 'answered' AND NOT h.applied AND h.closed_at <= $2
    AND r.ended_at IS NULL
LIMIT $3;

-- name: tell
INSERT INTO outbox (tenant_id, shard, topic, payload)
SELECT t.id, t.shard, 'push', json_build_object('channel', 'inbox:' || t.id || '.' || m.user_id,
    'data', json_build_object('task', p.payload::json))
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS p(tenant, kind, name, payload)
JOIN tenants t ON t.id = p.tenant
JOIN memberships m ON m.tenant_id = p.tenant
JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
WHERE (p.kind = 'role' AND m.role = p.name) OR (p.kind = 'user' AND lower(u.email) = lower(p.name));

-- name: get
SELECT * FROM human_tasks WHERE tenant_id = $1 AND id = $2;

-- name: lock
SELECT * FROM human_tasks WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: list
SELECT * FROM human_tasks
WHERE tenant_id = $1
  AND ($2::text IS NULL OR status = $2)
  AND ($3::text IS NULL OR (assignee_kind = 'user' AND lower(assignee) = lower($3))
        OR (assignee_kind = 'role' AND assignee = $4))
  AND ($5::uuid IS NULL OR run_id = $5)
  AND ($6::text IS NULL OR position(lower($6) IN lower(title || ' ' || body)) > 0)
  AND ($7::uuid IS NULL OR id < $7)
  AND ($9::boolean IS NULL OR (($9 OR namespace || '/' || name = ANY ($10::text[]) OR namespace || '/' || name ^@ ANY ($11::text[]))
        AND namespace || '/' || name <> ALL ($12::text[]) AND NOT namespace || '/' || name ^@ ANY ($13::text[])))
ORDER BY id DESC
LIMIT $8;

-- name: count
SELECT count(*) AS open, count(*) FILTER (WHERE mine) AS mine FROM (
    SELECT (assignee_kind = 'user' AND lower(assignee) = lower($2)) OR (assignee_kind = 'role' AND assignee = $3) AS mine
    FROM human_tasks
    WHERE tenant_id = $1 AND status = 'open'
  AND ($5::boolean IS NULL OR (($5 OR namespace || '/' || name = ANY ($6::text[]) OR namespace || '/' || name ^@ ANY ($7::text[]))
        AND namespace || '/' || name <> ALL ($8::text[]) AND NOT namespace || '/' || name ^@ ANY ($9::text[])))
    LIMIT $4) AS counted;

-- name: answer
UPDATE human_tasks SET status = 'answered', answer = $3, closed_at = $4
WHERE tenant_id = $1 AND id = $2 AND status = 'open' AND due_at > $4
RETURNING *;

-- name: assign
UPDATE human_tasks SET assignee_kind = $3, assignee = $4,
    escalations = (escalations::jsonb || jsonb_build_array(jsonb_build_object('at', $5::text, 'from',
        jsonb_build_object(assignee_kind, assignee), 'to', jsonb_build_object($3::text, $4::text), 'by',
        jsonb_build_object('user', $6::text))))::json
WHERE tenant_id = $1 AND id = $2 AND status = 'open'
RETURNING *;

-- name: email_of
SELECT email FROM users WHERE id = $1;

-- name: place
SELECT display_name, shard FROM tenants WHERE id = $1;
