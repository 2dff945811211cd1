-- Announce a new event.
CREATE OR REPLACE FUNCTION attune.notify_event()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM attune.announce(
        'event_created',
        'event',
        NEW.id,
        'created',
        jsonb_build_object(
            'entity_type', 'event',
            'entity_id', NEW.id,
            'id', NEW.id,
            'trigger', NEW.trigger,
            'trigger_ref', NEW.trigger_ref,
            'source', NEW.source,
            'source_ref', NEW.source_ref,
            'rule', NEW.rule,
            'rule_ref', NEW.rule_ref,
            'created', NEW.created
        )
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER event_notify_created
    AFTER INSERT ON attune.event
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_event();
