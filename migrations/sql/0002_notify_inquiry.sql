-- Announce a new inquiry, and what became of one.
CREATE OR REPLACE FUNCTION attune.notify_inquiry()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    activity CONSTANT text := CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE NEW.status::text END;
BEGIN
    PERFORM attune.announce(
        'inquiry_' || activity,
        'inquiry',
        NEW.id,
        activity,
        jsonb_build_object(
            'entity_type', 'inquiry',
            'entity_id', NEW.id,
            'id', NEW.id,
            'execution', NEW.execution,
            'status', NEW.status,
            'assigned_to', NEW.assigned_to,
            'timeout_at', NEW.timeout_at,
            'responded_at', NEW.responded_at,
            'created', NEW.created
        )
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER inquiry_notify_created
    AFTER INSERT ON attune.inquiry
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_inquiry();

CREATE OR REPLACE TRIGGER inquiry_notify_status
    AFTER UPDATE ON attune.inquiry
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION attune.notify_inquiry();
