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
