-- name: add_mail
INSERT INTO mails (id, kind, recipient, sealed, created_at, expires_at, next_at) VALUES ($1, $2, $3, $4, $5, $6, $5);

-- name: add_mail_to_user
INSERT INTO mails (id, kind, recipient, sealed, created_at, expires_at, next_at)
SELECT $1, $2, u.email, $4, $5, $6, $5 FROM users u WHERE u.id = $3;

-- name: drop_decoys
DELETE FROM mails WHERE kind = 'nobody' AND next_at <= $1 AND sent_at IS NULL;

-- name: claim
UPDATE mails m SET tries = m.tries + 1, next_at = $2
FROM (
    SELECT id FROM mails WHERE sent_at IS NULL AND next_at <= $1 AND expires_at > $1 AND tries < $4 AND kind <> 'nobody'
    ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED
) due
WHERE m.id = due.id
RETURNING m.id, m.kind, m.recipient, m.sealed, m.tries, m.created_at, m.expires_at;

-- name: sent
UPDATE mails SET sent_at = $2, sealed = NULL, fault = '' WHERE id = $1;

-- name: failed
UPDATE mails SET next_at = $2, fault = left($3, 300) WHERE id = $1 AND sent_at IS NULL;

-- name: forget_mails
DELETE FROM mails WHERE expires_at <= $1 OR sent_at <= $2;

-- name: waiting
SELECT id, kind, recipient, sealed, tries, fault, created_at, expires_at FROM mails
WHERE sent_at IS NULL AND kind <> 'nobody' AND expires_at > $1
ORDER BY created_at DESC LIMIT $2;

-- name: forget_account_tokens
DELETE FROM account_tokens WHERE expires_at <= $1;

-- name: forget_tickets
DELETE FROM sign_in_tickets WHERE expires_at <= $1;

-- name: forget_refresh_tokens
DELETE FROM refresh_tokens WHERE expires_at <= $1 OR (expires_at <= $2 AND used_at IS NOT NULL);
