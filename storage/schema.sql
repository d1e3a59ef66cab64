-- The schema as it is after all migrations. A test applies storage/migrations/ in order and compares.
-- Roles: tidewire_owner owns everything; tidewire_app (API) sees only the tenants named in the setting
-- tidewire.tenants of its transaction; tidewire_engine (shards, relay, streams) works on many tenants in
-- one group commit. Neither of the two owns anything or may bypass row-level security.

CREATE FUNCTION current_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('tidewire.tenants', true), ''), '{}')::uuid[];

-- identity ------------------------------------------------------------------------------------------

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
    workflow_generation bigint NOT NULL DEFAULT 0,
    plan text NOT NULL DEFAULT 'standard',
    -- What the operator changed of the plan for this tenant, see models/domain/plans.py.
    plan_changes json,
    -- Moves with each change of who may do what; readers keep what they know until it has.
    access_version bigint NOT NULL DEFAULT 0,
    access_changed_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tenants_access_changed ON tenants (access_changed_at);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    -- When the person showed that mail to the address reaches them.
    email_verified_at timestamptz,
    password_hash text,
    -- Moves when all sessions end: one that was opened by what was true before does not live.
    session_epoch bigint NOT NULL DEFAULT 0,
    name text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    locale text NOT NULL DEFAULT 'en' CHECK (length(locale) BETWEEN 2 AND 35),
    time_zone text NOT NULL DEFAULT 'UTC' CHECK (length(time_zone) BETWEEN 1 AND 64),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX users_disabled ON users (disabled_at) WHERE disabled_at IS NOT NULL;

CREATE TABLE memberships (
    tenant_id uuid NOT NULL REFERENCES tenants,
    user_id uuid NOT NULL REFERENCES users,
    -- One that is built in, or of the roles of the tenant.
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 63),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);
CREATE INDEX memberships_role ON memberships (tenant_id, role);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    tenant_id uuid NOT NULL REFERENCES tenants,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    user_agent text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT '',
    epoch bigint NOT NULL DEFAULT 0,
    -- In plain words, and the part of the net it came from: a pair that is new is told to the owner.
    device text NOT NULL DEFAULT '',
    network text NOT NULL DEFAULT '',
    -- By what and when the person was proved last.
    factors text[] NOT NULL DEFAULT '{pwd}',
    authenticated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    -- Within ten seconds of its use the old token is answered with the same successor (two tabs racing).
    successor_sealed bytea
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, issued_at);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE sign_in_tickets (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    tenant_id uuid NOT NULL REFERENCES tenants,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- What the link of a mail proves, once. Without a user there was nobody to send it to: the row is there so that asking
-- for one costs the same.
CREATE TABLE account_tokens (
    hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('register', 'verify', 'reset')),
    user_id uuid REFERENCES users,
    email text NOT NULL,
    -- What becomes an account when the address is verified.
    registration_sealed bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX account_tokens_user ON account_tokens (user_id);
CREATE INDEX account_tokens_email ON account_tokens (lower(email));
CREATE INDEX account_tokens_expiry ON account_tokens (expires_at);

-- Mails to send, written with the change that they tell. Links are in the sealed part, which goes when it was sent.
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    -- `nobody` is never sent.
    kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    recipient text NOT NULL,
    sealed bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    fault text NOT NULL DEFAULT '',
    sent_at timestamptz
);
CREATE INDEX mails_due ON mails (next_at) WHERE sent_at IS NULL;
CREATE INDEX mails_expiry ON mails (expires_at);

CREATE TABLE tenant_settings (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    -- Pages of these origins may call the API with tokens of the tenant.
    allowed_origins text[] NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL
);

-- What a user proves beside the password, or instead of it.

CREATE TABLE totp_factors (
    user_id uuid PRIMARY KEY REFERENCES users,
    secret_sealed bytea NOT NULL,
    -- The number of the thirty seconds whose code was used last: none is used twice.
    last_step bigint NOT NULL DEFAULT -1,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users,
    hash bytea NOT NULL,
    -- The same for all codes of a user, so that a try costs one slow hash.
    salt bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    transports text[] NOT NULL,
    backed_up boolean NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX passkeys_user ON passkeys (user_id, created_at);

-- Sign-ins that wait for a second factor.
CREATE TABLE mfa_challenges (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    tenant_id uuid NOT NULL REFERENCES tenants,
    factors text[] NOT NULL,
    user_agent text NOT NULL,
    nonce bytea NOT NULL,
    -- The session epoch of the user when the password was right: a reset in between ends this too.
    epoch bigint,
    tries smallint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX mfa_challenges_user ON mfa_challenges (user_id);

-- Nonces that passkeys have signed; each works once.
CREATE TABLE used_nonces (
    nonce bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX used_nonces_expiry ON used_nonces (expires_at);

-- Roles of which a tenant requires a second factor; * is everyone.
CREATE TABLE mfa_requirements (
    tenant_id uuid NOT NULL REFERENCES tenants,
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 63),
    PRIMARY KEY (tenant_id, role)
);

-- authorization -------------------------------------------------------------------------------------

-- Roles that a tenant made, beside those that are built in.
CREATE TABLE roles (
    tenant_id uuid NOT NULL REFERENCES tenants,
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$' AND name NOT IN
        ('owner', 'admin', 'editor', 'operator', 'analyst', 'viewer', 'data_scientist')),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    permissions text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- Rules for one user, service account or role (then by its name): an instance of null is all of the type, and one that
-- ends in * is a prefix.
CREATE TABLE grants (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'service_account', 'role')),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 63),
    effect text NOT NULL CHECK (effect IN ('allow', 'deny')),
    permission text NOT NULL CHECK (length(permission) BETWEEN 1 AND 63),
    resource text NOT NULL CHECK (length(resource) BETWEEN 1 AND 63),
    instance text CHECK (length(instance) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    -- Rules are read by whom they are for.
    PRIMARY KEY (tenant_id, subject_kind, subject, id)
);
CREATE UNIQUE INDEX grants_id ON grants (id, tenant_id);
CREATE UNIQUE INDEX grants_rule ON grants (tenant_id, subject_kind, subject, effect, permission, resource, instance)
    NULLS NOT DISTINCT;

-- Programs that act in a tenant by keys of their own.
CREATE TABLE service_accounts (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 500),
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 63),
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX service_accounts_name ON service_accounts (tenant_id, name);
CREATE INDEX service_accounts_role ON service_accounts (tenant_id, role);

CREATE TABLE api_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    hash bytea NOT NULL UNIQUE,
    -- The beginning, by which its owner knows it again.
    prefix text NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    subject_kind text NOT NULL CHECK (subject_kind IN ('user', 'service_account')),
    subject_id uuid NOT NULL,
    -- Names of permissions or kind:*; null for all that its subject may.
    scopes text[],
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX api_keys_subject ON api_keys (tenant_id, subject_kind, subject_id, id);

CREATE TABLE invitations (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 63),
    hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, lower(email))
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE FUNCTION access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenants SET access_version = access_version + 1, access_changed_at = clock_timestamp()
        WHERE id IN (SELECT c.tenant_id FROM changed c);
    RETURN NULL;
END $$;

DO $$
DECLARE t text; event text; side text;
BEGIN
    FOREACH t IN ARRAY ARRAY['memberships', 'roles', 'grants', 'service_accounts', 'mfa_requirements'] LOOP
        FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
            side := CASE event WHEN 'delete' THEN 'OLD' ELSE 'NEW' END;
            EXECUTE format('CREATE TRIGGER access_%s AFTER %s ON %I REFERENCING %s TABLE AS changed '
                'FOR EACH STATEMENT EXECUTE FUNCTION access_changed()', event, event, t, side);
        END LOOP;
    END LOOP;
END $$;

-- Runs after access_changed, whose lock of the tenant's row lets one change of its members in after the other.
CREATE FUNCTION keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed c WHERE c.role = 'owner' AND NOT EXISTS (
            SELECT FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE m.tenant_id = c.tenant_id AND m.role = 'owner' AND u.disabled_at IS NULL)) THEN
        RAISE EXCEPTION 'a tenant keeps an owner' USING ERRCODE = 'TW002';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_an_owner_update AFTER UPDATE ON memberships REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_an_owner();
CREATE TRIGGER keep_an_owner_delete AFTER DELETE ON memberships REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION keep_an_owner();

-- federation ----------------------------------------------------------------------------------------

-- Where members of a tenant sign in: `settings` of its kind, `rules` who becomes what.
CREATE TABLE identity_providers (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CHECK (kind IN ('oidc', 'saml')),
    enabled boolean NOT NULL,
    settings json NOT NULL,
    rules json NOT NULL,
    secret_sealed bytea,
    last_error text,
    last_error_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Domains that a tenant says are its own. One that is verified is nobody else's.
CREATE TABLE sso_domains (
    tenant_id uuid NOT NULL REFERENCES tenants,
    domain text NOT NULL CHECK (domain = lower(domain) AND length(domain) BETWEEN 3 AND 253),
    token text NOT NULL,
    provider_id uuid,
    enforced boolean NOT NULL DEFAULT false,
    verified_at timestamptz,
    verified_by text CHECK (verified_by IN ('dns', 'operator')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, domain),
    CHECK (verified_at IS NOT NULL OR NOT enforced),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers
);
CREATE UNIQUE INDEX sso_domains_verified ON sso_domains (domain) WHERE verified_at IS NOT NULL;

-- Sign-ins that were begun, each for one browser; known by their state before the tenant is.
CREATE TABLE sso_requests (
    state_hash bytea PRIMARY KEY,
    tenant_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    browser_hash bytea NOT NULL,
    sealed bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sso_requests_expiry ON sso_requests (expires_at);

-- What lets the browser in after its sign-in, and then what its session was opened with.
CREATE TABLE sso_tickets (
    hash bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    tenant_id uuid NOT NULL REFERENCES tenants,
    provider_id uuid NOT NULL,
    factors text[] NOT NULL,
    hint_sealed bytea,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    session_id uuid UNIQUE
);
CREATE INDEX sso_tickets_expiry ON sso_tickets (expires_at);

-- Assertions that were used; none is used twice.
CREATE TABLE saml_replays (
    tenant_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    assertion_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, assertion_hash),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers ON DELETE CASCADE
);
CREATE INDEX saml_replays_expiry ON saml_replays (tenant_id, expires_at);

-- Who has signed in through a provider. Its subjects mean something within that provider only.
CREATE TABLE federated_identities (
    tenant_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, provider_id, issuer, subject),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers ON DELETE CASCADE
);
CREATE INDEX federated_identities_user ON federated_identities (tenant_id, user_id);

-- Provisioning: users and groups as the client of the tenant sees them.
CREATE TABLE scim_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    hash bytea NOT NULL UNIQUE,
    provider_id uuid,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, provider_id) REFERENCES identity_providers ON DELETE CASCADE
);

CREATE TABLE scim_users (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    user_name text NOT NULL CHECK (length(user_name) BETWEEN 1 AND 254),
    external_id text,
    active boolean NOT NULL,
    -- What the client sent beside that, and what it is given back.
    document json NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, user_id)
);
CREATE UNIQUE INDEX scim_users_name ON scim_users (tenant_id, lower(user_name));
CREATE INDEX scim_users_external ON scim_users (tenant_id, external_id) WHERE external_id IS NOT NULL;

CREATE TABLE scim_groups (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 254),
    external_id text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX scim_groups_name ON scim_groups (tenant_id, lower(display_name));

CREATE TABLE scim_group_members (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, group_id, member_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES scim_groups ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, member_id) REFERENCES scim_users ON DELETE CASCADE
);
CREATE INDEX scim_group_members_member ON scim_group_members (tenant_id, member_id);

-- What is asked before the tenant is known; each tells no more than the tenant to ask in.
CREATE FUNCTION sso_tenant_of_domain(asked text) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT d.tenant_id FROM sso_domains d WHERE d.domain = asked AND d.verified_at IS NOT NULL;
    END;
CREATE FUNCTION sso_tenant_of_provider(asked uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT p.tenant_id FROM identity_providers p WHERE p.id = asked;
    END;
CREATE FUNCTION scim_tenant_of_token(asked bytea) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT t.tenant_id FROM scim_tokens t WHERE t.hash = asked;
    END;
REVOKE ALL ON FUNCTION sso_tenant_of_domain, sso_tenant_of_provider, scim_tenant_of_token FROM public;
GRANT EXECUTE ON FUNCTION sso_tenant_of_domain, sso_tenant_of_provider, scim_tenant_of_token TO tidewire_app;

-- workflows -----------------------------------------------------------------------------------------

CREATE TABLE workflows (
    tenant_id uuid NOT NULL REFERENCES tenants,
    namespace text NOT NULL,
    name text NOT NULL,
    latest_version text NOT NULL,
    title text NOT NULL DEFAULT '',
    summary text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, namespace, name)
);

CREATE TABLE workflow_versions (
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    media_type text NOT NULL,
    source text NOT NULL,
    definition json NOT NULL,
    -- What it says about flow control; null for most, and then its runs start without any of it.
    flow json GENERATED ALWAYS AS (definition #> '{document,metadata,flowControl}') STORED,
    content_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    PRIMARY KEY (tenant_id, namespace, name, version),
    FOREIGN KEY (tenant_id, namespace, name) REFERENCES workflows DEFERRABLE INITIALLY DEFERRED
);

-- What starts runs by itself, taken from schedule of the latest version of an enabled workflow.
CREATE TABLE workflow_triggers (
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('on', 'cron', 'every', 'after')),
    spec json NOT NULL,
    shard smallint NOT NULL,
    next_at timestamptz,
    PRIMARY KEY (tenant_id, namespace, name, kind),
    FOREIGN KEY (tenant_id, namespace, name) REFERENCES workflows ON DELETE CASCADE
);
CREATE INDEX workflow_triggers_due ON workflow_triggers (next_at) WHERE next_at IS NOT NULL;

-- Sets of events that schedules wait for, as far as they have come.
CREATE TABLE event_gatherings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    state json NOT NULL,
    FOREIGN KEY (tenant_id, namespace, name) REFERENCES workflows ON DELETE CASCADE
);
CREATE INDEX event_gatherings_trigger ON event_gatherings (tenant_id, namespace, name, id);

-- runs ----------------------------------------------------------------------------------------------

CREATE TABLE runs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    shard smallint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'waiting', 'suspended', 'cancelled', 'faulted', 'completed')),
    cause json NOT NULL,
    input json NOT NULL,
    output json,
    error json,
    last_seq integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    wake_at timestamptz,
    cancel_requested_at timestamptz,
    -- Waits for flow control to let it in; no shard starts it until then.
    held boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX runs_open ON runs (shard, tenant_id, id) WHERE ended_at IS NULL;
CREATE INDEX runs_due ON runs (wake_at) WHERE wake_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX runs_by_workflow ON runs (tenant_id, namespace, name, id);
CREATE INDEX runs_faulted ON runs (tenant_id, id) WHERE status = 'faulted';

CREATE FUNCTION forbid_change_of_final_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'run % is final and cannot change', OLD.id USING ERRCODE = 'TW001';
END $$;
CREATE TRIGGER runs_final BEFORE UPDATE ON runs FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION forbid_change_of_final_run();

-- A read that is a transaction by itself: scoped to its tenant and answered in one round trip.
CREATE FUNCTION run_of(of_tenant uuid, asked uuid) RETURNS SETOF runs LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tidewire.tenants', ARRAY[of_tenant]::text, true);
    RETURN QUERY SELECT * FROM runs r WHERE r.tenant_id = of_tenant AND r.id = asked;
END $$;
REVOKE ALL ON FUNCTION run_of FROM public;
GRANT EXECUTE ON FUNCTION run_of TO tidewire_app, tidewire_engine;

-- Flow control by key. A row of flow_keys is locked by whoever accepts, lets in or ends runs of the key, before the runs
-- are; its counts are those of flow_runs. models/domain/flow_control.py has the rules.
CREATE TABLE flow_keys (
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    shard smallint NOT NULL,
    control json NOT NULL,
    running integer NOT NULL DEFAULT 0 CHECK (running >= 0),
    waiting integer NOT NULL DEFAULT 0 CHECK (waiting >= 0),
    next_place timestamptz,
    accepted timestamptz[] NOT NULL DEFAULT '{}',
    held_since timestamptz,
    held_until timestamptz,
    due_at timestamptz,
    refused bigint NOT NULL DEFAULT 0,
    last_refused_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, namespace, name, key)
);
CREATE INDEX flow_keys_due ON flow_keys (shard, due_at) WHERE due_at IS NOT NULL;

-- `dropped`: cancelled before it started, for this reason.
CREATE TABLE flow_runs (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'running', 'dropped')),
    priority integer NOT NULL,
    reason text NOT NULL DEFAULT '',
    place bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX flow_runs_queue ON flow_runs (tenant_id, namespace, name, key, state, priority DESC, place);

-- A run's id begins with its start time (UUIDv7), so a range of ids is a range of time: partitions by
-- month keep the primary key free of a date column.
CREATE TABLE journal (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    type text NOT NULL,
    task text NOT NULL DEFAULT '',
    path integer[] NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL,
    epoch bigint NOT NULL,
    data json NOT NULL,
    PRIMARY KEY (tenant_id, run_id, seq)
) PARTITION BY RANGE (run_id);
CREATE TABLE journal_default PARTITION OF journal DEFAULT;
-- Almost no entry is in it: a person looks for these in journals of any length.
CREATE INDEX journal_outcome_unknown ON journal (tenant_id, run_id, seq) WHERE type = 'task.outcome_unknown';

-- What is to reach one open run: wishes (pause, resume, move), decisions, events, ends of other runs. Rows go in the
-- transaction that appends what they led to, so each counts once.
CREATE TABLE run_inbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    shard smallint NOT NULL,
    kind text NOT NULL,
    data json NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX run_inbox_shard ON run_inbox (shard);
CREATE INDEX run_inbox_run ON run_inbox (tenant_id, run_id, id);

-- What open runs listen to: a row for each filter of a listen. An empty type is every type of event. A filter with
-- correlation is found by the value that it expects.
CREATE TABLE run_subscriptions (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    listen integer NOT NULL,
    filter smallint NOT NULL,
    shard smallint NOT NULL,
    type text NOT NULL,
    key_from text NOT NULL,
    key_value text NOT NULL,
    spec json NOT NULL,
    PRIMARY KEY (tenant_id, run_id, listen, filter)
);
CREATE INDEX run_subscriptions_event ON run_subscriptions (tenant_id, type, key_from, key_value);

-- How a run begins that is not begun from nothing: where of which run (a re-run), with which data instead of the
-- recorded (edits), and what its calls answer (a dry run).
CREATE TABLE run_origins (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    rerun_of uuid,
    task text,
    path integer[],
    edits json,
    outputs json,
    PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX run_origins_source ON run_origins (tenant_id, rerun_of, run_id) WHERE rerun_of IS NOT NULL;

-- The state of a long run up to an entry, so that going on with it need not read all of its journal. A copy of what the
-- journal says; one that is not there, or of another form, is made anew from it.
CREATE TABLE run_snapshots (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    seq integer NOT NULL,
    form text NOT NULL,
    state json NOT NULL,
    PRIMARY KEY (tenant_id, run_id)
);

-- Sample data of a workflow: an input, and what its calls answer by the pointer of their task.
CREATE TABLE workflow_samples (
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    sample text NOT NULL,
    input json NOT NULL,
    outputs json NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, namespace, name, sample),
    FOREIGN KEY (tenant_id, namespace, name) REFERENCES workflows ON DELETE CASCADE
);

-- What people did about faulted runs. A faulted run without a row is an open dead letter.
CREATE TABLE dead_letters (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'retried', 'discarded')),
    edits json,
    retried_as uuid,
    updated_at timestamptz NOT NULL,
    updated_by uuid,
    PRIMARY KEY (tenant_id, run_id)
);

-- Long work on many runs, done in batches; `spec` says what, `cursor` how far.
CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    shard smallint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('rerun', 'retry', 'discard')),
    spec json NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'stopped', 'done')),
    total bigint NOT NULL,
    done bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    reasons json NOT NULL DEFAULT '[]',
    cursor uuid,
    created_at timestamptz NOT NULL,
    created_by uuid,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX jobs_open ON jobs (shard, created_at) WHERE ended_at IS NULL;

CREATE TABLE run_search (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    document tsvector NOT NULL,
    PRIMARY KEY (tenant_id, run_id)
);
CREATE INDEX run_search_document ON run_search USING gin (document);

-- The words of the values of a document; of a longer one (or one with NUL, which text cannot hold) of its beginning.
CREATE FUNCTION search_text(document json, at_most integer) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(CASE WHEN length(document::text) <= at_most AND document::text NOT LIKE '%\\u0000%'
        THEN json_to_tsvector('simple', document, '["string", "numeric", "boolean"]')
        ELSE to_tsvector('simple', left(document::text, at_most)) END, '');

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    route text NOT NULL,
    body_hash bytea NOT NULL,
    status smallint,
    response json,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, route, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Requests with an Idempotency-Key, other than those that start runs. Whoever holds the claim may make the change until
-- `lease_until`; the transaction of the change sets changed_at, so a change and its mark are there together or not at
-- all. The body of the answer is sealed: some answers show secrets once.
CREATE TABLE idempotent_requests (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    body_hash bytea NOT NULL,
    claim uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    changed_at timestamptz,
    status smallint,
    headers json,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id, route, key)
);
CREATE INDEX idempotent_requests_age ON idempotent_requests (created_at);

-- The last statement of a transaction that makes the change of a request with a key.
CREATE FUNCTION mark_idempotent(of_tenant uuid, of_user uuid, of_route text, of_key text, by_claim uuid) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tidewire.tenants', (current_tenants() || of_tenant)::text, true);
    UPDATE idempotent_requests SET changed_at = coalesce(changed_at, clock_timestamp())
        WHERE tenant_id = of_tenant AND user_id = of_user AND route = of_route AND key = of_key AND claim = by_claim;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another request has taken over the key' USING ERRCODE = 'TW004';
    END IF;
END $$;
REVOKE ALL ON FUNCTION mark_idempotent FROM public;
GRANT EXECUTE ON FUNCTION mark_idempotent TO tidewire_app;

-- What tenants asked the API for, by day (UTC) and class of routes.
CREATE TABLE usage_traffic (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    route_class text NOT NULL,
    requests bigint NOT NULL,
    units bigint NOT NULL,
    refused bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, route_class)
);

-- shards --------------------------------------------------------------------------------------------

-- The epoch changes only on take-over; every append holds FOR SHARE on it. Heartbeats live elsewhere.
CREATE TABLE shard_epoch (
    shard smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 63),
    epoch bigint NOT NULL DEFAULT 0,
    owner text
);
INSERT INTO shard_epoch (shard) SELECT generate_series(0, 63);

CREATE TABLE shard_owner (
    owner text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- events and the log ----------------------------------------------------------------------------------

CREATE TABLE events (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    subject text,
    time timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    envelope json NOT NULL,
    PRIMARY KEY (tenant_id, source, id)
);
CREATE INDEX events_by_time ON events (tenant_id, received_at DESC);

-- The log of everything that leaves. A row is final when xid < pg_snapshot_xmin(pg_current_snapshot());
-- readers keep (xid, seq) as their position. See docs/decisions.
CREATE TABLE outbox (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    shard smallint NOT NULL,
    tenant_id uuid NOT NULL,
    topic text NOT NULL CHECK (topic IN ('events', 'push')),
    payload json NOT NULL,
    PRIMARY KEY (xid, seq)
);

CREATE TABLE relay_cursor (
    sink text PRIMARY KEY CHECK (sink IN ('kafka', 'push', 'search')),
    xid xid8 NOT NULL DEFAULT '0',
    seq bigint NOT NULL DEFAULT 0
);
INSERT INTO relay_cursor (sink) VALUES ('kafka'), ('push'), ('search');

-- metrics -------------------------------------------------------------------------------------------

CREATE TABLE metric_definitions (
    tenant_id uuid NOT NULL REFERENCES tenants,
    name text NOT NULL,
    definition json NOT NULL,
    -- The transaction that wrote this definition: it counts the events of later ones.
    since xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);
CREATE INDEX metric_definitions_since ON metric_definitions (since);

-- Which values of a dimension are kept apart; when there are max_dimension_values, others read `other`.
CREATE TABLE metric_dimension_values (
    tenant_id uuid NOT NULL,
    metric text NOT NULL,
    place smallint NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (tenant_id, metric, place, value)
);

-- `metric` is the name and, of a tenant's metric, the transaction of its definition (delays@4711); `dimensions` a
-- JSON array of values in the order of the definition.
CREATE TABLE metric_points (
    tenant_id uuid NOT NULL,
    metric text NOT NULL,
    step integer NOT NULL CHECK (step IN (10, 60, 3600)),
    start timestamptz NOT NULL,
    dimensions text NOT NULL,
    count bigint NOT NULL,
    sum numeric(38, 6) NOT NULL,
    min double precision,
    max double precision,
    histogram bytea,
    uniques bytea,
    PRIMARY KEY (tenant_id, metric, step, start, dimensions)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- The position each partition of the log is folded up to; moved by compare-and-set with the result.
CREATE TABLE metric_offsets (
    partition smallint PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT '0',
    seq bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO metric_offsets (partition) SELECT generate_series(0, 7);

-- notifications -------------------------------------------------------------------------------------

CREATE TABLE notifications (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    run_id uuid,
    -- One of a run is delivered once to each user, however often the step that sends it is repeated.
    key text,
    severity text NOT NULL CHECK (severity IN ('info', 'success', 'warning', 'critical')),
    title text NOT NULL,
    body text NOT NULL DEFAULT '',
    link text,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX notifications_inbox ON notifications (tenant_id, user_id, id DESC);
CREATE UNIQUE INDEX notifications_once ON notifications (tenant_id, key, user_id) WHERE key IS NOT NULL;
CREATE INDEX notifications_unread ON notifications (tenant_id, user_id) WHERE read_at IS NULL;

-- human tasks ---------------------------------------------------------------------------------------

-- What runs ask of people. Opened, moved and closed in the transaction that appends the journal entries which say so; an
-- answer waits here until the run has taken it (`applied`). `seq` is the entry that asked.
CREATE TABLE human_tasks (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    shard smallint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    task text NOT NULL,
    path integer[] NOT NULL,
    seq integer NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'answered', 'expired', 'cancelled')),
    title text NOT NULL,
    body text NOT NULL,
    assignee_kind text NOT NULL CHECK (assignee_kind IN ('user', 'role')),
    assignee text NOT NULL,
    decisions text[] NOT NULL,
    form json,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    planned json NOT NULL,
    escalations json NOT NULL DEFAULT '[]',
    answer json,
    applied boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX human_tasks_of_run ON human_tasks (tenant_id, run_id, seq);
CREATE INDEX human_tasks_open ON human_tasks (tenant_id, id) WHERE status = 'open';
CREATE INDEX human_tasks_unapplied ON human_tasks (shard) WHERE status = 'answered' AND NOT applied;

-- integrations --------------------------------------------------------------------------------------

CREATE TABLE hook_sources (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    scheme text NOT NULL CHECK (scheme IN ('github', 'standard-webhooks')),
    secret_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source)
);

CREATE TABLE connections (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    base_url text NOT NULL,
    settings json NOT NULL,
    secret_sealed bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);

-- State that must outlive a session host: quota window and breaker.
CREATE TABLE connection_state (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    state json NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, name) REFERENCES connections ON DELETE CASCADE
);

-- What workflows name under use.secrets; sealed before it gets here.
CREATE TABLE secrets (
    tenant_id uuid NOT NULL REFERENCES tenants,
    name text NOT NULL,
    value_sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);

-- What a version uses from elsewhere (functions, schemas), as it was when the version was put.
CREATE TABLE workflow_resources (
    tenant_id uuid NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    version text NOT NULL,
    resources json NOT NULL,
    PRIMARY KEY (tenant_id, namespace, name, version),
    FOREIGN KEY (tenant_id, namespace, name, version) REFERENCES workflow_versions
);

-- models --------------------------------------------------------------------------------------------

CREATE TABLE model_versions (
    tenant_id uuid NOT NULL REFERENCES tenants,
    model text NOT NULL,
    version text NOT NULL,
    manifest json NOT NULL,
    object_key text NOT NULL,
    sha256 bytea NOT NULL,
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    PRIMARY KEY (tenant_id, model, version)
);

CREATE TABLE model_aliases (
    tenant_id uuid NOT NULL,
    model text NOT NULL,
    alias text NOT NULL,
    version text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, model, alias),
    FOREIGN KEY (tenant_id, model, version) REFERENCES model_versions
);

-- The hot path ----------------------------------------------------------------------------------------

-- One group commit of a shard in one round trip. Arrays of equal length within each group; JSON as text. Entries and log
-- rows name their run by its place in the arrays of runs, from 1.
-- TW002: somebody else owns one of the shards now. TW003: a run was not where the caller believed (its last_seq
-- moved, or it has ended). In both cases nothing is written.
-- The planner is told what to do: it would plan for the empty tables of a new database and keep to it.
CREATE FUNCTION append_journal(
    shards smallint[], epochs bigint[],
    run_tenants uuid[], run_ids uuid[], run_shards smallint[], run_epochs bigint[],
    run_expected integer[], run_last integer[], run_statuses text[], run_started timestamptz[],
    run_ended timestamptz[], run_wakes timestamptz[], run_outputs text[], run_errors text[],
    entry_places integer[], entry_seqs integer[], entry_types text[], entry_tasks text[], entry_paths text[],
    entry_ats timestamptz[], entry_datas text[],
    log_places integer[], log_payloads text[]
) RETURNS void LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    held integer;
    moved integer;
BEGIN
    SELECT count(*) INTO held FROM (
        SELECT 1 FROM shard_epoch e JOIN unnest(shards, epochs) AS claim(shard, epoch)
            ON e.shard = claim.shard AND e.epoch = claim.epoch
        ORDER BY e.shard FOR SHARE OF e) AS owned;
    IF held <> cardinality(shards) THEN
        RAISE EXCEPTION 'a shard has another owner' USING ERRCODE = 'TW002';
    END IF;
    UPDATE runs r SET last_seq = b.last, status = b.status, started_at = b.started, ended_at = b.ended,
            wake_at = b.wake, output = b.output::json, error = b.error::json
        FROM unnest(run_tenants, run_ids, run_expected, run_last, run_statuses, run_started, run_ended, run_wakes,
                run_outputs, run_errors) AS b(tenant, id, expected, last, status, started, ended, wake, output, error)
        -- Written so that no index of open runs fits: a plan made while the table is empty would read all of it.
        WHERE r.tenant_id = b.tenant AND r.id = b.id AND r.last_seq = b.expected
            AND coalesce(r.ended_at, 'infinity') = 'infinity';
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(run_ids) THEN
        RAISE EXCEPTION 'a run has moved on' USING ERRCODE = 'TW003';
    END IF;
    INSERT INTO journal (tenant_id, run_id, seq, type, task, path, at, epoch, data)
        SELECT run_tenants[place], run_ids[place], seq, type, task, path::integer[], at, run_epochs[place], data::json
        FROM unnest(entry_places, entry_seqs, entry_types, entry_tasks, entry_paths, entry_ats, entry_datas)
            AS e(place, seq, type, task, path, at, data);
    INSERT INTO outbox (tenant_id, shard, topic, payload)
        SELECT run_tenants[place], run_shards[place], 'events', payload::json
        FROM unnest(log_places, log_payloads) AS l(place, payload);
END $$;
REVOKE ALL ON FUNCTION append_journal FROM public;
GRANT EXECUTE ON FUNCTION append_journal TO tidewire_engine;

-- Accepts runs of many tenants in one round trip; arrays of equal length, JSON as text. One answer for each request, by
-- its place n from 1: accepted, repeated (run_id is the earlier run), mismatch, unknown, disabled or gated (flow control
-- has to decide; the next call, with `hold`, accepts what it lets pass, held).
CREATE FUNCTION accept_runs(
    tenants uuid[], ids uuid[], namespaces text[], names text[], versions text[], causes text[], inputs text[],
    created timestamptz[], keys text[], routes text[], hashes bytea[], remembered interval, hold boolean DEFAULT false
) RETURNS TABLE (n bigint, outcome text, run_id uuid, shard smallint, version text) LANGUAGE plpgsql
    SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    outcomes text[];
    found_versions text[];
    shards smallint[];
    won uuid[] := '{}';
    keyed boolean := EXISTS (SELECT 1 FROM unnest(keys) AS k WHERE k IS NOT NULL);
BEGIN
    SELECT array_agg(CASE WHEN v.version IS NULL THEN 'unknown' WHEN NOT w.enabled THEN 'disabled'
                WHEN v.flow IS NULL OR hold THEN 'accepted' ELSE 'gated' END ORDER BY a.n),
            array_agg(v.version ORDER BY a.n), array_agg(t.shard ORDER BY a.n)
        INTO outcomes, found_versions, shards
        FROM unnest(tenants, namespaces, names, versions) WITH ORDINALITY AS a(tenant, namespace, name, version, n)
        LEFT JOIN tenants t ON t.id = a.tenant
        LEFT JOIN workflows w ON w.tenant_id = a.tenant AND w.namespace = a.namespace AND w.name = a.name
        LEFT JOIN workflow_versions v ON v.tenant_id = a.tenant AND v.namespace = a.namespace AND v.name = a.name
            AND v.version = coalesce(a.version, w.latest_version);
    IF keyed THEN
        -- Sorted, so that two transactions with the same keys wait for each other and do not deadlock.
        WITH claimed AS (
            INSERT INTO idempotency_keys AS i (tenant_id, route, key, body_hash, response, created_at)
            SELECT DISTINCT ON (a.tenant, a.route, a.key) a.tenant, a.route, a.key, a.hash,
                json_build_object('run', a.id), a.at
            FROM unnest(tenants, routes, keys, hashes, ids, created, outcomes) WITH ORDINALITY
                AS a(tenant, route, key, hash, id, at, outcome, n)
            WHERE a.key IS NOT NULL AND a.outcome = 'accepted'
            ORDER BY a.tenant, a.route, a.key, a.n
            ON CONFLICT (tenant_id, route, key) DO UPDATE
                SET body_hash = excluded.body_hash, response = excluded.response, created_at = excluded.created_at
                WHERE i.created_at < excluded.created_at - remembered
            RETURNING (i.response ->> 'run')::uuid AS run)
        SELECT coalesce(array_agg(c.run), '{}') INTO won FROM claimed c;
    END IF;
    INSERT INTO runs (tenant_id, id, shard, namespace, name, version, cause, input, created_at, held)
        SELECT a.tenant, a.id, a.shard, a.namespace, a.name, a.version, a.cause::json, a.input::json, a.at, hold
        FROM unnest(tenants, ids, shards, namespaces, names, found_versions, causes, inputs, created, keys, outcomes)
            AS a(tenant, id, shard, namespace, name, version, cause, input, at, key, outcome)
        WHERE a.outcome = 'accepted' AND (a.key IS NULL OR a.id IN (SELECT unnest(won)));
    IF NOT keyed THEN
        RETURN QUERY SELECT a.n, a.outcome, a.id, a.shard, a.version
            FROM unnest(outcomes, ids, shards, found_versions) WITH ORDINALITY AS a(outcome, id, shard, version, n);
        RETURN;
    END IF;
    RETURN QUERY SELECT a.n,
            CASE WHEN i.key IS NULL THEN a.outcome WHEN i.body_hash = a.hash THEN 'repeated' ELSE 'mismatch' END,
            CASE WHEN i.key IS NULL THEN a.id ELSE (i.response ->> 'run')::uuid END, a.shard, a.version
        FROM unnest(tenants, routes, keys, hashes, ids, created, outcomes, shards, found_versions) WITH ORDINALITY
            AS a(tenant, route, key, hash, id, at, outcome, shard, version, n)
        LEFT JOIN idempotency_keys i ON i.tenant_id = a.tenant AND i.route = a.route AND i.key = a.key
            AND a.id NOT IN (SELECT unnest(won)) AND i.created_at >= a.at - remembered;
END $$;
REVOKE ALL ON FUNCTION accept_runs FROM public;
GRANT EXECUTE ON FUNCTION accept_runs TO tidewire_app, tidewire_engine;

-- What a tenant has waiting, and how many tenants of its shard have, which it may not see otherwise; counts up to `most`
-- of its open runs. It goes from tenant to tenant by the index, whatever each of them has waiting.
CREATE FUNCTION queue_usage(asked uuid, most integer)
    RETURNS TABLE (waiting bigint, held bigint, running bigint, oldest_at timestamptz, tenants_waiting bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place smallint := (SELECT t.shard FROM tenants t WHERE t.id = asked AND asked = ANY (current_tenants()));
BEGIN
    IF place IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
        WITH RECURSIVE open AS (
            SELECT r.status, r.held, r.created_at FROM runs r
            WHERE r.shard = place AND r.tenant_id = asked AND r.ended_at IS NULL ORDER BY r.id LIMIT most),
        waiting_tenants (tenant, n) AS (
            SELECT (SELECT r.tenant_id FROM runs r WHERE r.shard = place AND r.ended_at IS NULL AND r.status = 'pending'
                ORDER BY r.tenant_id LIMIT 1), 1
            UNION ALL
            SELECT (SELECT r.tenant_id FROM runs r WHERE r.shard = place AND r.ended_at IS NULL AND r.status = 'pending'
                AND r.tenant_id > w.tenant ORDER BY r.tenant_id LIMIT 1), w.n + 1
            FROM waiting_tenants w WHERE w.tenant IS NOT NULL AND w.n < 10000)
        SELECT count(*) FILTER (WHERE o.status = 'pending'), count(*) FILTER (WHERE o.status = 'pending' AND o.held),
            count(*) FILTER (WHERE o.status <> 'pending'), min(o.created_at) FILTER (WHERE o.status = 'pending'),
            (SELECT count(w.tenant) FROM waiting_tenants w)
        FROM open o;
END $$;
REVOKE ALL ON FUNCTION queue_usage FROM public;
GRANT EXECUTE ON FUNCTION queue_usage TO tidewire_app;

-- Uses a refresh token once, in one round trip. The same again within `grace` gives the sealed successor of the first
-- use; one used longer ago has been stolen, or its successor has: then the session ends. No row: it is worth nothing.
CREATE FUNCTION rotate_refresh_token(
    used bytea, successor bytea, sealed bytea, until timestamptz, at timestamptz, grace interval
) RETURNS TABLE (
    session_id uuid, user_id uuid, tenant_id uuid, role text, successor_sealed bytea, stolen boolean,
    factors text[], authenticated_at timestamptz
) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    token record;
BEGIN
    SELECT r.session_id, r.used_at, r.successor_sealed, s.user_id, s.tenant_id, s.factors, s.authenticated_at INTO token
        FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id
        WHERE r.hash = used AND r.expires_at > at
            AND s.revoked_at IS NULL AND s.epoch = u.session_epoch AND u.disabled_at IS NULL
        FOR UPDATE OF r;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF at - token.used_at > grace THEN
        UPDATE sessions SET revoked_at = at WHERE id = token.session_id AND revoked_at IS NULL;
        RETURN QUERY SELECT token.session_id, token.user_id, token.tenant_id, ''::text, NULL::bytea, true,
            token.factors, token.authenticated_at;
        RETURN;
    END IF;
    PERFORM set_config('tidewire.user', token.user_id::text, true);
    RETURN QUERY SELECT token.session_id, token.user_id, token.tenant_id, m.role, token.successor_sealed, false,
        token.factors, token.authenticated_at
        FROM memberships m WHERE m.tenant_id = token.tenant_id AND m.user_id = token.user_id;
    IF FOUND AND token.used_at IS NULL THEN
        UPDATE refresh_tokens SET used_at = at, successor_sealed = sealed WHERE hash = used;
        INSERT INTO refresh_tokens (hash, session_id, issued_at, expires_at)
            VALUES (successor, token.session_id, at, until);
    END IF;
END $$;
REVOKE ALL ON FUNCTION rotate_refresh_token FROM public;
GRANT EXECUTE ON FUNCTION rotate_refresh_token TO tidewire_app;

-- Origins that pages may call from, of all tenants: asked before the caller's tenant is known.
CREATE FUNCTION all_allowed_origins() RETURNS TABLE (tenant_id uuid, allowed_origins text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT s.tenant_id, s.allowed_origins FROM tenant_settings s WHERE s.allowed_origins <> '{}';
    END;
REVOKE ALL ON FUNCTION all_allowed_origins FROM public;
GRANT EXECUTE ON FUNCTION all_allowed_origins TO tidewire_app;

-- changes -------------------------------------------------------------------------------------------

-- Tells by the log that things of a kind have changed in a tenant, so that nobody goes on showing what was.
CREATE FUNCTION tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (tenant_id, shard, topic, payload)
        SELECT t.id, t.shard, 'push',
            json_build_object('channel', 'changes:' || t.id, 'data', json_build_object('kinds', json_build_array(TG_ARGV[0])))
        FROM (SELECT DISTINCT tenant_id FROM changed) AS c JOIN tenants t ON t.id = c.tenant_id;
    RETURN NULL;
END $$;

DO $$
DECLARE
    told record;
    way text;
BEGIN
    FOR told IN SELECT * FROM (VALUES ('workflows', 'workflow'), ('workflow_versions', 'workflow'),
            ('workflow_samples', 'sample'), ('metric_definitions', 'metric_definition'), ('hook_sources', 'hook'),
            ('connections', 'connection'), ('secrets', 'secret'), ('model_versions', 'model'),
            ('model_aliases', 'model')) AS v(of_table, kind) LOOP
        FOREACH way IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            EXECUTE format('CREATE TRIGGER tell_%s AFTER %s ON %I REFERENCING %s TABLE AS changed FOR EACH STATEMENT '
                'EXECUTE FUNCTION tell_change(%L)', lower(way), way, told.of_table,
                CASE way WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END, told.kind);
        END LOOP;
    END LOOP;
END $$;

-- audit ---------------------------------------------------------------------------------------------

-- The last entry of each tenant's chain. Writing it holds the row, so that the entries of one tenant come one by one.
CREATE TABLE audit_heads (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    seq bigint NOT NULL CHECK (seq >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

-- `entry` is canonical JSON (RFC 8785) and `hash` its SHA-256; the other columns are read from it.
CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants,
    seq bigint NOT NULL CHECK (seq > 0),
    entry text NOT NULL,
    hash bytea NOT NULL,
    at text NOT NULL GENERATED ALWAYS AS (entry::jsonb ->> 'at') STORED,
    actor_id text GENERATED ALWAYS AS (entry::jsonb #>> '{actor,id}') STORED,
    action text NOT NULL GENERATED ALWAYS AS (entry::jsonb ->> 'action') STORED,
    outcome text NOT NULL GENERATED ALWAYS AS (entry::jsonb ->> 'outcome') STORED,
    resource_type text NOT NULL GENERATED ALWAYS AS (entry::jsonb #>> '{resource,type}') STORED,
    resource_id text GENERATED ALWAYS AS (entry::jsonb #>> '{resource,id}') STORED,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_log_at ON audit_log (tenant_id, at);
CREATE INDEX audit_log_actor ON audit_log (tenant_id, actor_id, seq);
CREATE INDEX audit_log_action ON audit_log (tenant_id, action, seq);
CREATE INDEX audit_log_resource ON audit_log (tenant_id, resource_type, resource_id, seq);

CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE told jsonb := NEW.entry::jsonb;
BEGIN
    NEW.hash := sha256(convert_to(NEW.entry, 'UTF8'));
    IF current_user = 'tidewire_app' AND NEW.tenant_id <> ALL (current_tenants()) THEN
        -- Row-level security refuses it, in its own words.
        RETURN NEW;
    END IF;
    IF (told ->> 'seq')::bigint IS DISTINCT FROM NEW.seq OR told ->> 'tenant' IS DISTINCT FROM NEW.tenant_id::text THEN
        RAISE EXCEPTION 'an entry of the audit log does not tell its own place' USING ERRCODE = '42501';
    END IF;
    UPDATE audit_heads SET seq = NEW.seq, hash = NEW.hash WHERE tenant_id = NEW.tenant_id AND seq = NEW.seq - 1
        AND encode(hash, 'hex') = told ->> 'previous';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an entry of the audit log does not follow from the last one' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_append BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_append();

CREATE FUNCTION audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
END $$;
CREATE TRIGGER audit_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_final();

-- Where a tenant wants its entries sent. `sent_seq`: the receiver has all up to this one.
CREATE TABLE audit_streams (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    url text NOT NULL CHECK (length(url) BETWEEN 8 AND 2000),
    secret_sealed bytea NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    sent_seq bigint NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    last_error text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL
);
CREATE INDEX audit_streams_due ON audit_streams (next_at) WHERE enabled;

-- Tidewire as a provider of OAuth 2.1 and OpenID Connect -----------------------------------------------

-- Keys that sign tokens. One signs from `activates_at` on, until the next one does, and verifies until `retires_at`.
-- No private half: it is the first key, which the instance keeps in its secrets.
CREATE TABLE signing_keys (
    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    private_sealed bytea,
    created_at timestamptz NOT NULL,
    activates_at timestamptz NOT NULL,
    retires_at timestamptz
);

CREATE TABLE oauth_clients (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL UNIQUE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    auth_method text NOT NULL
        CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')),
    secret_hash bytea,
    jwks json,
    redirect_uris text[] NOT NULL,
    grant_types text[] NOT NULL,
    scopes text[] NOT NULL,
    -- As whom it acts by client credentials.
    service_account_id uuid,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    updated_at timestamptz NOT NULL,
    disabled_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, service_account_id) REFERENCES service_accounts
);
CREATE INDEX oauth_clients_disabled ON oauth_clients (disabled_at) WHERE disabled_at IS NOT NULL;
CREATE INDEX oauth_clients_account ON oauth_clients (tenant_id, service_account_id);

-- What a user has let a client do; the id is the session of its tokens.
CREATE TABLE oauth_grants (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    client_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    scopes text[] NOT NULL,
    authenticated_at timestamptz NOT NULL,
    factors text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX oauth_grants_user ON oauth_grants (user_id, id);
CREATE INDEX oauth_grants_client ON oauth_grants (tenant_id, client_id, user_id);
CREATE INDEX oauth_grants_revoked ON oauth_grants (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE oauth_codes (
    tenant_id uuid NOT NULL REFERENCES tenants,
    hash bytea NOT NULL UNIQUE,
    grant_id uuid NOT NULL,
    client_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    nonce text,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grants
);
CREATE INDEX oauth_codes_grant ON oauth_codes (tenant_id, grant_id);
CREATE INDEX oauth_codes_expiry ON oauth_codes (expires_at);

CREATE TABLE oauth_refresh_tokens (
    tenant_id uuid NOT NULL REFERENCES tenants,
    hash bytea NOT NULL UNIQUE,
    grant_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES oauth_grants
);
CREATE INDEX oauth_refresh_tokens_grant ON oauth_refresh_tokens (tenant_id, grant_id);
CREATE INDEX oauth_refresh_tokens_expiry ON oauth_refresh_tokens (expires_at);

-- Devices that wait until somebody lets them in; no tenant before that.
CREATE TABLE oauth_devices (
    hash bytea PRIMARY KEY,
    user_code_hash bytea NOT NULL UNIQUE,
    client_id uuid NOT NULL,
    client_tenant uuid REFERENCES tenants,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    seconds integer NOT NULL,
    polled_at timestamptz,
    tenant_id uuid REFERENCES tenants,
    grant_id uuid,
    denied_at timestamptz,
    used_at timestamptz
);
CREATE INDEX oauth_devices_expiry ON oauth_devices (expires_at);
CREATE INDEX oauth_devices_grant ON oauth_devices (tenant_id, grant_id);

-- What ends all sessions of a user ends what clients may do in the user's name.
CREATE FUNCTION end_oauth_grants() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE oauth_grants SET revoked_at = clock_timestamp() WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
END $$;
-- Whose tokens are refused; asked for all tenants at once, it tells ids only.
CREATE FUNCTION ended_oauth(since timestamptz) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    SELECT id FROM oauth_grants WHERE revoked_at > since
    UNION ALL SELECT id FROM oauth_clients WHERE disabled_at > since
$$;
REVOKE ALL ON FUNCTION ended_oauth FROM public;
GRANT EXECUTE ON FUNCTION ended_oauth TO tidewire_app;
CREATE TRIGGER end_oauth_grants AFTER UPDATE OF session_epoch, disabled_at ON users FOR EACH ROW
    WHEN (NEW.session_epoch <> OLD.session_epoch OR NEW.disabled_at IS NOT NULL) EXECUTE FUNCTION end_oauth_grants();

-- row-level security --------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['memberships', 'workflows', 'workflow_versions', 'workflow_triggers', 'runs', 'flow_keys',
        'flow_runs', 'journal', 'journal_default', 'run_inbox', 'run_subscriptions', 'event_gatherings', 'run_origins', 'run_snapshots', 'workflow_samples', 'dead_letters', 'jobs',
        'run_search', 'idempotency_keys', 'idempotent_requests', 'usage_traffic', 'events', 'outbox', 'metric_definitions',
        'metric_dimension_values', 'metric_points', 'notifications', 'human_tasks', 'hook_sources', 'connections',
        'roles', 'grants', 'service_accounts', 'api_keys', 'invitations', 'tenant_settings',
        'identity_providers', 'sso_domains', 'saml_replays', 'federated_identities', 'scim_tokens', 'scim_users',
        'scim_groups', 'scim_group_members',
        'connection_state', 'secrets', 'audit_heads', 'audit_log', 'audit_streams',
        'oauth_clients', 'oauth_grants', 'oauth_codes', 'oauth_refresh_tokens', 'mfa_requirements', 'workflow_resources', 'model_versions', 'model_aliases'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO tidewire_app USING (tenant_id = ANY ((SELECT current_tenants())::uuid[]))', t);
        EXECUTE format('CREATE POLICY engine ON %I TO tidewire_engine USING (true)', t);
    END LOOP;
END $$;

-- At sign-in the user is known before the tenant is.
CREATE POLICY own ON memberships FOR SELECT TO tidewire_app
    USING (user_id = nullif(current_setting('tidewire.user', true), '')::uuid);

-- A key and an invitation are known before the tenant is.
CREATE POLICY presented ON api_keys FOR SELECT TO tidewire_app
    USING (hash = decode(nullif(current_setting('tidewire.key', true), ''), 'hex'));
CREATE POLICY presented ON invitations FOR SELECT TO tidewire_app
    USING (hash = decode(nullif(current_setting('tidewire.key', true), ''), 'hex'));
CREATE POLICY presented ON oauth_codes FOR SELECT TO tidewire_app
    USING (hash = decode(nullif(current_setting('tidewire.key', true), ''), 'hex'));
CREATE POLICY presented ON oauth_refresh_tokens FOR SELECT TO tidewire_app
    USING (hash = decode(nullif(current_setting('tidewire.key', true), ''), 'hex'));
CREATE POLICY presented ON oauth_clients FOR SELECT TO tidewire_app
    USING (id = nullif(current_setting('tidewire.client', true), '')::uuid);

-- What audited transactions change -------------------------------------------------------------------

-- Notes the row before and after in a setting of the transaction, for the entry that is written at its end. Arguments:
-- columns that are never told. Long values are told by their digest.
CREATE FUNCTION audit_capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted text := coalesce(current_setting('tidewire.changes', true), '');
    hidden text[] := coalesce(TG_ARGV, '{}');
    was jsonb;
    is_now jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD) - hidden;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        is_now := to_jsonb(NEW) - hidden;
    END IF;
    -- A secret that was replaced leaves no other sign than the row itself.
    IF was = is_now AND to_jsonb(OLD) - '{access_version,access_changed_at,workflow_generation,last_used_at}'::text[]
            = to_jsonb(NEW) - '{access_version,access_changed_at,workflow_generation,last_used_at}'::text[]
            OR noted LIKE '%"omitted"%' AND length(noted) > 100000 THEN
        RETURN NULL;
    END IF;
    IF length(noted) > 100000 THEN
        PERFORM set_config('tidewire.changes', noted || '{"table":"more","before":null,"after":{"omitted":true}}' || E'\n', true);
        RETURN NULL;
    END IF;
    PERFORM set_config('tidewire.changes', noted || json_build_object(
        'table', TG_TABLE_NAME, 'before', audit_short(was), 'after', audit_short(is_now))::text || E'\n', true);
    RETURN NULL;
END $$;

CREATE FUNCTION audit_short(told jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE RETURN (
    SELECT jsonb_object_agg(key, CASE WHEN length(value::text) > 1000 THEN jsonb_build_object(
        'sha256', encode(sha256(convert_to(value::text, 'UTF8')), 'hex'), 'characters', length(value::text)) ELSE value END)
    FROM jsonb_each(told));

-- On every table but those of the hot path, whose rows tell their own story, and the log itself.
DO $$
DECLARE
    place record;
BEGIN
    FOR place IN
        SELECT c.relname, coalesce((SELECT string_agg(quote_literal(a.attname), ',') FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atttypid = 'bytea'::regtype OR a.attname IN
                ('password_hash', 'access_version', 'access_changed_at', 'workflow_generation', 'last_used_at'))), '') AS hidden
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
            AND c.relname <> ALL (ARRAY['schema_migrations', 'audit_heads', 'audit_log', 'runs', 'flow_keys', 'flow_runs', 'run_inbox', 'run_subscriptions',
                'run_origins', 'run_snapshots', 'run_search', 'workflow_triggers', 'event_gatherings',
                'idempotency_keys', 'idempotent_requests', 'usage_traffic', 'shard_epoch', 'shard_owner', 'events', 'outbox', 'relay_cursor',
                'metric_dimension_values', 'metric_points', 'metric_offsets', 'notifications', 'connection_state',
                'refresh_tokens', 'used_nonces', 'mfa_challenges', 'oauth_codes', 'oauth_refresh_tokens', 'oauth_devices', 'account_tokens', 'mails'])
    LOOP
        EXECUTE format('CREATE TRIGGER audit_capture AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW '
            'WHEN (current_setting(''tidewire.audited'', true) = ''on'') EXECUTE FUNCTION audit_capture(%s)',
            place.relname, place.hidden);
    END LOOP;
END $$;

-- partitions ----------------------------------------------------------------------------------------

-- The smallest UUIDv7 of a moment.
CREATE FUNCTION uuid7_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

-- Makes the journal's partitions for the month of `since` and the `ahead` months after it; returns how many were new.
-- Security definer: the engine may call it without owning tables.
CREATE FUNCTION ensure_journal_partitions(since timestamptz, ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month timestamptz := date_trunc('month', since);
    made integer := 0;
    part text;
BEGIN
    FOR i IN 0..ahead LOOP
        part := 'journal_' || to_char(month, 'YYYY_MM');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF journal FOR VALUES FROM (%L) TO (%L)',
                part, uuid7_floor(month), uuid7_floor(month + interval '1 month'));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_journal_partitions FROM public;
GRANT EXECUTE ON FUNCTION ensure_journal_partitions TO tidewire_engine;

-- grants --------------------------------------------------------------------------------------------

GRANT SELECT, INSERT ON tenants, users, memberships, sessions, refresh_tokens, sign_in_tickets TO tidewire_app;
GRANT UPDATE (workflow_generation, access_version, access_changed_at) ON tenants TO tidewire_app;
GRANT UPDATE (role), DELETE ON memberships TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON roles, grants, service_accounts TO tidewire_app;
GRANT SELECT, INSERT ON api_keys, invitations TO tidewire_app;
GRANT UPDATE (last_used_at, revoked_at) ON api_keys TO tidewire_app;
GRANT UPDATE (accepted_at, accepted_by, revoked_at) ON invitations TO tidewire_app;
GRANT UPDATE (password_hash, session_epoch, disabled_at, email_verified_at, name, locale, time_zone) ON users
    TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON account_tokens, tenant_settings TO tidewire_app;
GRANT INSERT ON mails TO tidewire_app;
GRANT UPDATE (display_name) ON tenants TO tidewire_app;
GRANT UPDATE (revoked_at) ON sessions TO tidewire_app;
GRANT UPDATE (used_at, successor_sealed) ON refresh_tokens TO tidewire_app;
GRANT UPDATE (used_at) ON sign_in_tickets TO tidewire_app;
GRANT UPDATE (factors, authenticated_at) ON sessions TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON totp_factors, recovery_codes, passkeys, mfa_challenges TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON used_nonces TO tidewire_app;
GRANT SELECT, INSERT, DELETE ON mfa_requirements TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON identity_providers, sso_domains, sso_requests, sso_tickets, saml_replays,
    federated_identities, scim_tokens, scim_users, scim_groups, scim_group_members TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON workflows TO tidewire_app;
GRANT SELECT, INSERT ON workflow_versions TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_triggers, event_gatherings TO tidewire_app;
GRANT SELECT, INSERT ON runs TO tidewire_app;
GRANT UPDATE (cancel_requested_at, held) ON runs TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON flow_keys, flow_runs TO tidewire_app;
GRANT SELECT ON journal, run_search TO tidewire_app;
GRANT SELECT, INSERT ON run_inbox, run_origins TO tidewire_app;
GRANT SELECT ON run_subscriptions TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_samples TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON dead_letters, jobs TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_requests TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON usage_traffic TO tidewire_app;
GRANT SELECT ON shard_epoch, shard_owner TO tidewire_app;
GRANT SELECT, INSERT ON events TO tidewire_app;
GRANT INSERT ON outbox TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON metric_definitions TO tidewire_app;
GRANT SELECT ON metric_points TO tidewire_app;
GRANT SELECT ON notifications TO tidewire_app;
GRANT UPDATE (read_at) ON notifications TO tidewire_app;
GRANT INSERT ON notifications TO tidewire_app;
GRANT SELECT ON human_tasks TO tidewire_app;
GRANT UPDATE (status, answer, closed_at, assignee_kind, assignee, escalations) ON human_tasks TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON hook_sources, connections, secrets TO tidewire_app;
GRANT SELECT, INSERT ON audit_log TO tidewire_app;
GRANT SELECT, INSERT, DELETE ON signing_keys, oauth_clients, oauth_grants, oauth_codes, oauth_refresh_tokens, oauth_devices
    TO tidewire_app;
GRANT UPDATE (activates_at, retires_at) ON signing_keys TO tidewire_app;
GRANT UPDATE ON oauth_clients TO tidewire_app;
GRANT UPDATE (revoked_at) ON oauth_grants TO tidewire_app;
GRANT UPDATE (used_at) ON oauth_codes, oauth_refresh_tokens TO tidewire_app;
GRANT UPDATE (polled_at, seconds, tenant_id, grant_id, denied_at, used_at) ON oauth_devices TO tidewire_app;
GRANT SELECT, DELETE ON oauth_codes, oauth_refresh_tokens, oauth_devices TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE ON audit_heads TO tidewire_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_streams TO tidewire_app;
GRANT SELECT ON audit_log, audit_heads, audit_streams TO tidewire_engine;
GRANT UPDATE (sent_seq, failures, next_at, last_error) ON audit_streams TO tidewire_engine;
GRANT SELECT, INSERT ON workflow_resources TO tidewire_app;
GRANT SELECT ON connection_state TO tidewire_app;
GRANT SELECT, INSERT ON model_versions TO tidewire_app;
GRANT SELECT, INSERT, UPDATE ON model_aliases TO tidewire_app;

GRANT SELECT ON tenants, users, memberships, workflows, workflow_versions, metric_definitions, connections,
    hook_sources, model_versions, model_aliases, secrets, workflow_resources, roles, grants, service_accounts
    TO tidewire_engine;
GRANT SELECT, UPDATE, DELETE ON mails TO tidewire_engine;
GRANT SELECT, DELETE ON account_tokens, refresh_tokens, sign_in_tickets TO tidewire_engine;
GRANT SELECT, UPDATE ON workflow_triggers TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE ON runs TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON flow_keys, flow_runs TO tidewire_engine;
GRANT SELECT, INSERT ON journal, notifications TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE ON human_tasks TO tidewire_engine;
GRANT SELECT, INSERT, DELETE ON run_inbox, run_subscriptions TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_gatherings TO tidewire_engine;
GRANT SELECT, INSERT ON run_origins TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON run_snapshots TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE ON dead_letters, jobs TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE ON run_search, connection_state, metric_points, metric_offsets TO tidewire_engine;
GRANT SELECT, INSERT, DELETE ON events, outbox TO tidewire_engine;
GRANT SELECT, INSERT ON metric_dimension_values TO tidewire_engine;
GRANT SELECT, DELETE ON idempotency_keys, idempotent_requests TO tidewire_engine;
GRANT UPDATE (plan, plan_changes) ON tenants TO tidewire_engine;
GRANT SELECT, UPDATE ON shard_epoch, relay_cursor TO tidewire_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON shard_owner TO tidewire_engine;
