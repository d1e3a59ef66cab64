-- name: index_runs
INSERT INTO run_search (tenant_id, run_id, document)
SELECT r.tenant_id, r.id,
    setweight(to_tsvector('simple', r.namespace || ' ' || r.name || ' ' || r.version || ' ' || r.status || ' ' || r.id), 'A')
    || setweight(search_text(r.error, $3), 'B') || setweight(search_text(r.input, $3), 'C')
    || setweight(search_text(r.output, $3), 'C')
FROM runs r JOIN unnest($1::uuid[], $2::uuid[]) AS k(tenant, id) ON r.tenant_id = k.tenant AND r.id = k.id
ON CONFLICT (tenant_id, run_id) DO UPDATE SET document = excluded.document;
