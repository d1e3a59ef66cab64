-- name: put
INSERT INTO audit_streams AS s (tenant_id, url, secret_sealed, enabled, sent_seq, next_at, updated_at)
VALUES ($1, $2, coalesce($3, (SELECT secret_sealed FROM audit_streams WHERE tenant_id = $1)), $4,
    coalesce((SELECT seq FROM audit_heads WHERE tenant_id = $1), 0), $5, $5)
ON CONFLICT (tenant_id) DO UPDATE SET url = excluded.url, secret_sealed = excluded.secret_sealed,
    enabled = excluded.enabled, failures = 0, last_error = '', next_at = excluded.next_at,
    updated_at = excluded.updated_at;

-- name: get
SELECT tenant_id, url, secret_sealed, enabled, sent_seq, failures, last_error, next_at, updated_at
FROM audit_streams WHERE tenant_id = $1;

-- name: delete
DELETE FROM audit_streams WHERE tenant_id = $1;

-- name: due
SELECT s.tenant_id, s.url, s.secret_sealed, s.enabled, s.sent_seq, s.failures, s.last_error, s.next_at, s.updated_at
FROM audit_streams s JOIN audit_heads h ON h.tenant_id = s.tenant_id AND h.seq > s.sent_seq
WHERE s.enabled AND s.next_at <= $1 ORDER BY s.next_at LIMIT $2;

-- name: sent
UPDATE audit_streams SET sent_seq = $2, failures = 0, last_error = ''
WHERE tenant_id = $1 AND sent_seq < $2;

-- name: failed
UPDATE audit_streams SET failures = failures + 1, last_error = $2, next_at = $3 WHERE tenant_id = $1;
