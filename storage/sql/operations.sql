-- name: put_origins
INSERT INTO run_origins (tenant_id, run_id, rerun_of, task, path, edits, outputs)
SELECT o.tenant, o.run, o.source, o.task, o.path::integer[], o.edits::json, o.outputs::json
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS o(tenant, run, source, task, path, edits, outputs);

-- name: origins
SELECT o.run_id, o.rerun_of, o.task, o.path, o.edits, o.outputs
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN run_origins o ON o.tenant_id = asked.tenant AND o.run_id = asked.run;

-- name: run_for_message
SELECT r.status, r.shard, r.ended_at IS NOT NULL AS has_ended,
    (SELECT count(*) FROM run_inbox i WHERE i.tenant_id = r.tenant_id AND i.run_id = r.id) AS messages
FROM runs r WHERE r.tenant_id = $1 AND r.id = $2
FOR SHARE OF r;

-- name: undecided
SELECT u.data ->> 'step' AS step, u.task, u.path, u.at FROM journal u
WHERE u.tenant_id = $1 AND u.run_id = $2 AND u.type = 'task.outcome_unknown' AND u.data ->> 'policy' = 'person'
  AND NOT EXISTS (SELECT 1 FROM journal d WHERE d.tenant_id = $1 AND d.run_id = $2 AND d.seq > u.seq
      AND d.task = u.task AND d.path = u.path
      AND d.type IN ('task.outcome_decided', 'task.completed', 'task.faulted', 'task.cancelled', 'task.retried'))
ORDER BY u.seq;

-- name: count
SELECT count(*) FROM runs r
WHERE r.tenant_id = $1 AND r.id < $2
  AND ($3::text IS NULL OR r.status = $3)
  AND ($4::text IS NULL OR r.namespace = $4)
  AND ($5::text IS NULL OR r.name = $5)
  AND ($6::uuid IS NULL OR r.id >= $6)
  AND ($7::uuid IS NULL OR r.id < $7)
  AND ($8::text IS NULL OR EXISTS (SELECT 1 FROM run_search s WHERE s.tenant_id = $1 AND s.run_id = r.id
        AND s.document @@ websearch_to_tsquery('simple', $8)))
  AND NOT (r.ended_at IS NOT NULL AND $9 AND EXISTS (SELECT 1 FROM dead_letters d
        WHERE d.tenant_id = $1 AND d.run_id = r.id AND d.state <> 'open'))
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false';

-- name: matching
SELECT r.id FROM runs r
WHERE r.tenant_id = $1 AND r.id < $2
  AND ($3::text IS NULL OR r.status = $3)
  AND ($4::text IS NULL OR r.namespace = $4)
  AND ($5::text IS NULL OR r.name = $5)
  AND ($6::uuid IS NULL OR r.id >= $6)
  AND ($7::uuid IS NULL OR r.id < $7)
  AND ($8::text IS NULL OR EXISTS (SELECT 1 FROM run_search s WHERE s.tenant_id = $1 AND s.run_id = r.id
        AND s.document @@ websearch_to_tsquery('simple', $8)))
  AND NOT (r.ended_at IS NOT NULL AND $9 AND EXISTS (SELECT 1 FROM dead_letters d
        WHERE d.tenant_id = $1 AND d.run_id = r.id AND d.state <> 'open'))
  AND coalesce(r.cause ->> 'dryRun', 'false') = 'false'
  AND ($10::uuid IS NULL OR r.id > $10)
ORDER BY r.id
LIMIT $11;
