-- Announce a new enforcement, and every change of an enforcement's status.
CREATE OR REPLACE FUNCTION attune.notify_enforcement()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    is_new CONSTANT boolean := TG_OP = 'INSERT';
BEGIN
    PERFORM attune.announce(
        CASE
            WHEN is_new THEN 'enforcement_created'
            ELSE 'enforcement_status_changed'
        END,
        'enforcement',
        NEW.id,
        CASE WHEN is_new THEN 'created' ELSE NEW.status::text END,
        jsonb_build_object(
            'entity_type', 'enforcement',
            'entity_id', NEW.id,
            'id', NEW.id,
            'rule', NEW.rule,
            'rule_ref', NEW.rule_ref,
            'trigger_ref', NEW.trigger_ref,
            'event', NEW.event,
            'status', NEW.status,
            'old_status', CASE WHEN NOT is_new THEN OLD.status END,
            'created', NEW.created
        )
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER enforcement_notify_created
    AFTER INSERT ON attune.enforcement
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_enforcement();

CREATE OR REPLACE TRIGGER enforcement_notify_status
    AFTER UPDATE ON attune.enforcement
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION attune.notify_enforcement();
