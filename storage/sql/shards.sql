-- name: beat
INSERT INTO shard_owner (owner, expires_at) VALUES ($1, now() + $2::interval)
ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at;

-- name: acquire
UPDATE shard_epoch e SET epoch = e.epoch + 1, owner = $1
WHERE e.shard IN (
    SELECT f.shard FROM shard_epoch f LEFT JOIN shard_owner o ON o.owner = f.owner
    WHERE f.owner IS DISTINCT FROM $1 AND (o.owner IS NULL OR o.expires_at < now())
    ORDER BY f.shard
    LIMIT $2
    FOR UPDATE OF f SKIP LOCKED)
RETURNING e.shard, e.epoch;

-- name: owned
SELECT shard, epoch FROM shard_epoch WHERE owner = $1 ORDER BY shard;

-- name: release
UPDATE shard_epoch SET owner = NULL, epoch = epoch + 1 WHERE owner = $1 AND ($2::smallint[] IS NULL OR shard = ANY ($2));

-- name: forget
DELETE FROM shard_owner WHERE owner = $1;

-- name: live_owners
SELECT owner FROM shard_owner WHERE expires_at >= now();

-- name: owners
SELECT e.shard, e.epoch, e.owner FROM shard_epoch e JOIN shard_owner o ON o.owner = e.owner AND o.expires_at >= now();

-- name: standing
SELECT e.shard, e.epoch, coalesce(e.owner = $1, false) AS is_mine, o.owner IS NULL OR o.expires_at < now() AS is_free,
    (SELECT count(*) FROM shard_owner WHERE owner = $1 OR expires_at >= now()) AS live_owners
FROM shard_epoch e LEFT JOIN shard_owner o ON o.owner = e.owner;

-- name: succeed
UPDATE shard_epoch SET epoch = epoch + 1, owner = $1
WHERE owner <> $1 AND split_part(owner, '#', 1) = split_part($1, '#', 1)
RETURNING shard, epoch;

-- name: forget_predecessors
DELETE FROM shard_owner WHERE owner <> $1 AND split_part(owner, '#', 1) = split_part($1, '#', 1);
