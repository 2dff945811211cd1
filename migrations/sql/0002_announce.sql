-- Record that an entity changed, and tell those who listen on the channel of the change.
CREATE OR REPLACE FUNCTION attune.announce(
    change_channel text,
    entity_table text,
    entity_id bigint,
    change_activity text,
    facts jsonb
)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify(change_channel, facts::text);
    INSERT INTO attune.notification (channel, entity_type, entity, activity, content)
    VALUES (entity_table, entity_table, entity_id::text, change_activity, facts);
END;
$$;
