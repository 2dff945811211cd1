-- Who made a permission set, and failed logins.

ALTER TABLE attune.permission_set
    ADD COLUMN owner_identity bigint,
    ADD CONSTRAINT fk_permission_set_owner_identity
        FOREIGN KEY (owner_identity)
            REFERENCES attune.identity (id) ON DELETE SET NULL;

CREATE INDEX ix_permission_set_owner_identity
    ON attune.permission_set (owner_identity)
    WHERE owner_identity IS NOT NULL;

CREATE TABLE attune.login_failure (
    source varchar(64) NOT NULL,
    count bigint DEFAULT 0 NOT NULL,
    failed_at timestamptz DEFAULT now() NOT NULL,
    blocked_until timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_login_failure
        PRIMARY KEY (source)
);

CREATE INDEX ix_login_failure_blocked_until
    ON attune.login_failure (blocked_until);

-- Where events, enforcements and executions come from, and whose they are.

ALTER TABLE attune.event
    ADD COLUMN home_pack bigint,
    ADD COLUMN owner_identity bigint;

ALTER TABLE attune.enforcement
    ADD COLUMN home_pack bigint,
    ADD COLUMN owner_identity bigint;

ALTER TABLE attune.execution
    ADD COLUMN home_pack bigint;

ALTER TABLE attune.artifact
    ADD COLUMN owner_identity bigint;

CREATE INDEX ix_event_owner_identity_id
    ON attune.event (owner_identity, id)
    WHERE owner_identity IS NOT NULL;

CREATE INDEX ix_enforcement_owner_identity_id
    ON attune.enforcement (owner_identity, id)
    WHERE owner_identity IS NOT NULL;

-- What there is already, without telling anybody that it changed.

ALTER TABLE attune.event DISABLE TRIGGER USER;
ALTER TABLE attune.enforcement DISABLE TRIGGER USER;
ALTER TABLE attune.execution DISABLE TRIGGER USER;
ALTER TABLE attune.artifact DISABLE TRIGGER USER;

UPDATE attune.event
SET home_pack = pack.id, owner_identity = pack.owner_identity
FROM attune.pack
WHERE
    pack.ref = split_part(coalesce(event.rule_ref, event.trigger_ref), '.', 1)
    AND pack.owner_identity IS NOT NULL
    AND NOT pack.is_standard;

UPDATE attune.event
SET owner_identity = rule.owner_identity
FROM attune.rule
WHERE rule.id = event.rule AND rule.owner_identity IS NOT NULL;

UPDATE attune.enforcement
SET home_pack = pack.id, owner_identity = pack.owner_identity
FROM attune.pack
WHERE
    pack.ref = split_part(enforcement.rule_ref, '.', 1)
    AND pack.owner_identity IS NOT NULL
    AND NOT pack.is_standard;

UPDATE attune.enforcement
SET owner_identity = rule.owner_identity
FROM attune.rule
WHERE rule.id = enforcement.rule AND rule.owner_identity IS NOT NULL;

UPDATE attune.execution
SET home_pack = pack.id
FROM attune.pack
WHERE
    pack.ref = execution.pack_ref
    AND pack.owner_identity IS NOT NULL
    AND NOT pack.is_standard;

UPDATE attune.artifact
SET owner_identity = CASE
    WHEN scope = 'identity' AND owner ~ '^[0-9]{1,18}$'
    THEN owner::bigint
    WHEN execution IS NOT NULL
    THEN (SELECT executor FROM attune.execution WHERE id = artifact.execution)
    WHEN scope IN ('pack', 'action', 'sensor')
    THEN (
        SELECT pack.owner_identity
        FROM attune.pack
        WHERE pack.ref = split_part(artifact.owner, '.', 1)
    )
END;

ALTER TABLE attune.event ENABLE TRIGGER USER;
ALTER TABLE attune.enforcement ENABLE TRIGGER USER;
ALTER TABLE attune.execution ENABLE TRIGGER USER;
ALTER TABLE attune.artifact ENABLE TRIGGER USER;
