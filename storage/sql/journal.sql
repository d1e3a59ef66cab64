-- name: page
SELECT seq, type, task, path, at, data FROM journal
WHERE tenant_id = $1 AND run_id = $2 AND seq > $3
ORDER BY seq
LIMIT $4;

-- name: of_runs
SELECT j.run_id, j.seq, j.type, j.task, j.path, j.at, j.data
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN journal j ON j.tenant_id = asked.tenant AND j.run_id = asked.run
ORDER BY j.run_id, j.seq;
