-- name: page
SELECT seq, type, task, path, at, data FROM journal
WHERE tenant_id = $1 AND run_id = $2 AND seq > $3
ORDER BY seq
LIMIT $4;
