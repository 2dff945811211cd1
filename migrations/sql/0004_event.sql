-- What becomes of events whose payload does not fit, and what was wrong with it.

CREATE TYPE attune.payload_check_enum AS ENUM ('refuse', 'mark', 'off');

ALTER TABLE attune.trigger
    ADD COLUMN payload_check attune.payload_check_enum DEFAULT 'mark' NOT NULL;

ALTER TABLE attune.event
    ADD COLUMN payload_problems jsonb DEFAULT '[]' NOT NULL;
