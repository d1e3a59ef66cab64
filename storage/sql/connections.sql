-- name: put
INSERT INTO connections (tenant_id, name, base_url, settings, secret_sealed, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (tenant_id, name) DO UPDATE SET base_url = excluded.base_url, settings = excluded.settings,
    secret_sealed = excluded.secret_sealed, updated_at = excluded.updated_at
RETURNING xmax = 0;

-- name: list
SELECT c.name, c.base_url, c.settings, c.secret_sealed, s.state, c.created_at, c.updated_at
FROM connections c LEFT JOIN connection_state s USING (tenant_id, name)
WHERE c.tenant_id = $1
ORDER BY c.name;

-- name: get
SELECT c.name, c.base_url, c.settings, c.secret_sealed, s.state, c.created_at, c.updated_at
FROM connections c LEFT JOIN connection_state s USING (tenant_id, name)
WHERE c.tenant_id = $1 AND c.name = $2;

-- name: session
SELECT c.base_url, c.settings, c.secret_sealed, c.updated_at, s.state, s.updated_at AS state_at
FROM connections c LEFT JOIN connection_state s USING (tenant_id, name)
WHERE c.tenant_id = $1 AND c.name = $2;

-- name: save_state_if
INSERT INTO connection_state (tenant_id, name, state, updated_at)
SELECT c.tenant_id, c.name, $3, $5 FROM connections c WHERE c.tenant_id = $1 AND c.name = $2
    AND ($4::timestamptz IS NULL OR EXISTS (SELECT FROM connection_state s WHERE s.tenant_id = $1 AND s.name = $2))
ON CONFLICT (tenant_id, name) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at
    WHERE connection_state.updated_at = $4;

-- name: delete
DELETE FROM connections WHERE tenant_id = $1 AND name = $2;

-- name: save_state
INSERT INTO connection_state (tenant_id, name, state, updated_at)
SELECT c.tenant_id, c.name, $3, $4 FROM connections c WHERE c.tenant_id = $1 AND c.name = $2
ON CONFLICT (tenant_id, name) DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at;
