-- name: give_up
UPDATE runs r SET cancel_requested_at = $3
FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS b(tenant, id)) AS b
WHERE r.tenant_id = b.tenant AND r.id = b.id AND r.ended_at IS NULL AND r.cancel_requested_at IS NULL
RETURNING r.tenant_id, r.id, r.shard;
