-- name: changes
SELECT current_setting('tidewire.changes', true);

-- name: enter
SELECT set_config('tidewire.tenants', (current_tenants() || $1::text::uuid)::text, true);

-- name: head
INSERT INTO audit_heads AS h (tenant_id, seq, hash) VALUES ($1, 0, decode(repeat('00', 32), 'hex'))
ON CONFLICT (tenant_id) DO UPDATE SET seq = h.seq
RETURNING seq, hash;

-- name: append
INSERT INTO audit_log (tenant_id, seq, entry) VALUES ($1, $2, $3);

-- name: tenants_of_user
SELECT tenant_id FROM memberships WHERE user_id = $1 ORDER BY tenant_id LIMIT $2;

-- name: enter_as
SELECT set_config('tidewire.user', $1, true);

-- name: name
SELECT CASE $1::text
    WHEN 'user' THEN (SELECT email FROM users WHERE id = $2)
    WHEN 'service_account' THEN (SELECT name FROM service_accounts WHERE tenant_id = $3 AND id = $2)
    ELSE (SELECT name FROM oauth_clients WHERE tenant_id = $3 AND id = $2) END;

-- name: find
SELECT seq, entry, encode(hash, 'hex') AS hash FROM audit_log
WHERE tenant_id = $1 AND ($2::bigint IS NULL OR seq < $2)
  AND ($3::text IS NULL OR actor_id = $3) AND ($4::text IS NULL OR action = $4)
  AND ($5::text IS NULL OR resource_type = $5) AND ($6::text IS NULL OR resource_id = $6)
  AND ($7::text IS NULL OR outcome = $7)
  AND ($8::text IS NULL OR at >= $8) AND ($9::text IS NULL OR at < $9)
ORDER BY seq DESC LIMIT $10;

-- name: after
SELECT seq, entry, encode(hash, 'hex') AS hash FROM audit_log
WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4;

-- name: last
SELECT seq, hash FROM audit_heads WHERE tenant_id = $1;

-- name: tenants
SELECT t.id, t.name FROM audit_heads h JOIN tenants t ON t.id = h.tenant_id
WHERE $1::text IS NULL OR t.name = $1 OR t.id::text = $1 ORDER BY t.id;

-- name: user_of
SELECT id FROM users WHERE lower(email) = lower($1);
