-- Wake the dispatchers: Temporal has to be told something.
CREATE OR REPLACE FUNCTION attune.notify_dispatch()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify('attune_dispatch', 'outbox');
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER outbox_notify_dispatch
    AFTER INSERT ON attune.outbox
    FOR EACH STATEMENT
    EXECUTE FUNCTION attune.notify_dispatch();
