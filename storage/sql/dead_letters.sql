-- name: list
SELECT r.id AS run_id, r.namespace, r.name, r.version, r.error, r.created_at, r.ended_at, coalesce(d.state, 'open') AS state,
    d.edits, d.retried_as, d.updated_at, f.task, f.path, f.attempts
FROM runs r
LEFT JOIN dead_letters d ON d.tenant_id = r.tenant_id AND d.run_id = r.id
LEFT JOIN LATERAL (
    SELECT j.task, j.path, (SELECT count(*) FROM journal s WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id
        AND s.task = j.task AND s.path = j.path AND s.type IN ('task.started', 'task.retried')
            AND s.seq > j.seq - 1000) AS attempts
    FROM journal j
    WHERE j.tenant_id = r.tenant_id AND j.run_id = r.id AND j.type = 'task.faulted' AND j.task = r.error ->> 'instance'
    ORDER BY j.seq DESC LIMIT 1) AS f ON true
WHERE r.tenant_id = $1 AND r.status = 'faulted' AND coalesce(d.state, 'open') = $2
  AND ($3::text IS NULL OR r.namespace = $3)
  AND ($4::text IS NULL OR r.name = $4)
  AND ($5::uuid IS NULL OR r.id >= $5)
  AND ($6::uuid IS NULL OR r.id < $6)
  AND ($7::text IS NULL OR EXISTS (SELECT 1 FROM run_search s WHERE s.tenant_id = $1 AND s.run_id = r.id
        AND s.document @@ websearch_to_tsquery('simple', $7)))
  AND ($8::uuid IS NULL OR r.id < $8)
  AND ($10::boolean IS NULL OR (($10 OR r.namespace || '/' || r.name = ANY ($11::text[]) OR r.namespace || '/' || r.name ^@ ANY ($12::text[]))
        AND r.namespace || '/' || r.name <> ALL ($13::text[]) AND NOT r.namespace || '/' || r.name ^@ ANY ($14::text[])))
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false'
ORDER BY r.id DESC
LIMIT $9;

-- name: of_runs
SELECT r.id AS run_id, r.namespace, r.name, r.version, r.error, r.created_at, r.ended_at, coalesce(d.state, 'open') AS state,
    d.edits, d.retried_as, d.updated_at, f.task, f.path, f.attempts, r.input, f.step_input
FROM runs r
LEFT JOIN dead_letters d ON d.tenant_id = r.tenant_id AND d.run_id = r.id
LEFT JOIN LATERAL (
    SELECT j.task, j.path, (SELECT count(*) FROM journal s WHERE s.tenant_id = r.tenant_id AND s.run_id = r.id
            AND s.task = j.task AND s.path = j.path AND s.type IN ('task.started', 'task.retried')
            AND s.seq > j.seq - 1000) AS attempts,
        (SELECT b.data -> 'input' FROM journal b WHERE b.tenant_id = r.tenant_id AND b.run_id = r.id AND b.task = j.task
            AND b.path = j.path AND b.type = 'task.started' ORDER BY b.seq DESC LIMIT 1) AS step_input
    FROM journal j
    WHERE j.tenant_id = r.tenant_id AND j.run_id = r.id AND j.type = 'task.faulted' AND j.task = r.error ->> 'instance'
    ORDER BY j.seq DESC LIMIT 1) AS f ON true
WHERE r.tenant_id = $1 AND r.id = ANY ($2::uuid[]) AND r.status = 'faulted'
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false'
ORDER BY r.id;

-- name: edit
INSERT INTO dead_letters AS d (tenant_id, run_id, state, edits, updated_at, updated_by)
VALUES ($1, $2, 'open', $3, $4, $5)
ON CONFLICT (tenant_id, run_id) DO UPDATE
    SET edits = excluded.edits, updated_at = excluded.updated_at, updated_by = excluded.updated_by
    WHERE d.state = 'open'
RETURNING run_id;

-- name: reopen
UPDATE dead_letters SET state = 'open', retried_as = NULL WHERE tenant_id = $1 AND run_id = ANY ($2::uuid[]);

-- name: close
INSERT INTO dead_letters AS d (tenant_id, run_id, state, retried_as, updated_at, updated_by)
SELECT $1, c.run, $4, c.successor, $5, $6 FROM unnest($2::uuid[], $3::uuid[]) AS c(run, successor)
ON CONFLICT (tenant_id, run_id) DO UPDATE
    SET state = excluded.state, retried_as = excluded.retried_as, updated_at = excluded.updated_at,
        updated_by = excluded.updated_by
    WHERE d.state = 'open'
RETURNING run_id;
