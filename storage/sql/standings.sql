-- name: standings
SELECT p.n::integer AS n,
    s.id IS NULL OR s.revoked_at IS NOT NULL OR s.epoch <> u.session_epoch OR u.disabled_at IS NOT NULL
        OR m.role IS NULL AS over,
    m.role, t.access_version AS version
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS p (session_id, user_id, tenant_id, n)
LEFT JOIN sessions s ON s.id = p.session_id AND s.user_id = p.user_id
LEFT JOIN users u ON u.id = p.user_id
LEFT JOIN memberships m ON m.tenant_id = p.tenant_id AND m.user_id = p.user_id
LEFT JOIN tenants t ON t.id = p.tenant_id
ORDER BY p.n;
