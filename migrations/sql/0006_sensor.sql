-- The processes of sensors, and artifacts that are written piece by piece.

CREATE TABLE attune.sensor_process (
    sensor_ref varchar(255) NOT NULL,
    generation bigint DEFAULT 0 NOT NULL,
    state varchar(16) DEFAULT 'stopped' NOT NULL,
    definition varchar(64),
    attempt_id varchar(64),
    worker bigint,
    started_at timestamptz,
    heard_at timestamptz,
    next_start_at timestamptz,
    failure_count bigint DEFAULT 0 NOT NULL,
    start_count bigint DEFAULT 0 NOT NULL,
    last_error text,
    last_error_at timestamptz,
    is_to_restart boolean DEFAULT false NOT NULL,
    looked_at timestamptz,
    stdout_taken bigint DEFAULT 0 NOT NULL,
    stderr_taken bigint DEFAULT 0 NOT NULL,
    CONSTRAINT pk_sensor_process
        PRIMARY KEY (sensor_ref),
    CONSTRAINT ck_sensor_process_state
        CHECK (state IN ('stopped', 'waiting', 'starting', 'running', 'stopping')),
    CONSTRAINT fk_sensor_process_worker
        FOREIGN KEY (worker)
            REFERENCES attune.worker (id) ON DELETE SET NULL
);

CREATE INDEX ix_sensor_process_worker
    ON attune.sensor_process (worker);

CREATE SEQUENCE attune.sensor_generation;

CREATE TABLE attune.artifact_piece (
    artifact_version bigint NOT NULL,
    byte_offset bigint NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT pk_artifact_piece
        PRIMARY KEY (artifact_version, byte_offset),
    CONSTRAINT ck_artifact_piece_byte_offset
        CHECK (byte_offset >= 0),
    CONSTRAINT fk_artifact_piece_artifact_version
        FOREIGN KEY (artifact_version)
            REFERENCES attune.artifact_version (id) ON DELETE CASCADE
);

-- A sensor that follows a trigger anew is told which of its rules are gone.
CREATE INDEX ix_notification_rule
    ON attune.notification (entity)
    WHERE entity_type = 'rule';
