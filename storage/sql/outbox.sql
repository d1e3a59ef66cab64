-- name: ends
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, o.xid::text::bigint AS xid, o.seq
FROM (SELECT 1) AS one LEFT JOIN LATERAL (
    SELECT xid, seq FROM outbox WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, seq DESC LIMIT 1) AS o ON true;

-- name: read
SELECT xid::text::bigint AS xid, seq, shard, tenant_id, topic, payload::text AS payload FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND (xid, seq) <= ($3::text::xid8, $4::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, seq
LIMIT $5;

-- name: read_events
SELECT xid::text::bigint AS xid, seq, shard, tenant_id, topic, payload::text AS payload FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND (xid, seq) <= ($3::text::xid8, $4::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
  AND topic = 'events' AND ($6::smallint IS NULL OR shard % 8 = $6)
ORDER BY xid, seq
LIMIT $5;

-- name: read_push
SELECT xid::text::bigint AS xid, seq, shard, tenant_id, topic, payload::text AS payload FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND (xid, seq) <= ($3::text::xid8, $4::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
  AND (topic = 'push' OR payload::text LIKE '%"io.serverlessworkflow.%')
ORDER BY xid, seq
LIMIT $5;

-- name: read_lifecycle
SELECT xid::text::bigint AS xid, seq, shard, tenant_id, topic, payload::text AS payload FROM outbox
WHERE (xid, seq) > ($1::text::xid8, $2::bigint) AND (xid, seq) <= ($3::text::xid8, $4::bigint)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
  AND topic = 'events' AND payload::text LIKE '%"io.serverlessworkflow.%'
ORDER BY xid, seq
LIMIT $5;

-- name: cursors
SELECT sink, xid::text::bigint AS xid, seq FROM relay_cursor;

-- name: move_cursor
UPDATE relay_cursor SET xid = $2::text::xid8, seq = $3
WHERE sink = $1 AND (xid, seq) < ($2::text::xid8, $3::bigint);

-- name: trim
WITH slowest AS (
    SELECT xid, seq FROM (SELECT xid, seq FROM relay_cursor UNION ALL SELECT xid, seq FROM metric_offsets) AS readers
    ORDER BY xid, seq LIMIT 1
), old AS (
    SELECT o.xid, o.seq FROM outbox o, slowest s
    WHERE (o.xid, o.seq) <= (s.xid, s.seq)
      AND o.xid::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint - $1
    ORDER BY o.xid, o.seq LIMIT $2
)
DELETE FROM outbox o USING old WHERE o.xid = old.xid AND o.seq = old.seq;
