-- name: put
INSERT INTO workflow_samples (tenant_id, namespace, name, sample, input, outputs, updated_at)
SELECT $1, $2, $3, $4, $5, $6, $7
WHERE (SELECT count(*) FROM workflow_samples WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND sample <> $4) < $8
ON CONFLICT (tenant_id, namespace, name, sample) DO UPDATE
    SET input = excluded.input, outputs = excluded.outputs, updated_at = excluded.updated_at
RETURNING xmax = 0 AS is_new;

-- name: list
SELECT sample, updated_at FROM workflow_samples WHERE tenant_id = $1 AND namespace = $2 AND name = $3 ORDER BY sample;

-- name: get
SELECT sample, input, outputs, updated_at FROM workflow_samples
WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND sample = $4;

-- name: delete
DELETE FROM workflow_samples WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND sample = $4 RETURNING sample;
