-- name: keep
INSERT INTO run_snapshots (tenant_id, run_id, seq, form, state)
SELECT s.tenant, s.run, s.seq, $4, s.state::json
FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $5::text[]) AS s(tenant, run, seq, state)
ON CONFLICT (tenant_id, run_id) DO UPDATE SET seq = excluded.seq, form = excluded.form, state = excluded.state;

-- name: of_runs
SELECT s.run_id, s.seq, s.form, s.state
FROM unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
JOIN run_snapshots s ON s.tenant_id = asked.tenant AND s.run_id = asked.run;

-- name: forget
DELETE FROM run_snapshots s USING unnest($1::uuid[], $2::uuid[]) AS asked(tenant, run)
WHERE s.tenant_id = asked.tenant AND s.run_id = asked.run;

-- name: move
UPDATE runs r SET version = m.version FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS m(tenant, id, version)
WHERE r.tenant_id = m.tenant AND r.id = m.id AND r.ended_at IS NULL;
