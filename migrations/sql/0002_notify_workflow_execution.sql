-- Announce every change of a running workflow's status.
CREATE OR REPLACE FUNCTION attune.notify_workflow_execution()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM attune.announce(
        'workflow_execution_status_changed',
        'workflow_execution',
        NEW.id,
        NEW.status::text,
        jsonb_build_object(
            'entity_type', 'workflow_execution',
            'entity_id', NEW.id,
            'id', NEW.id,
            'execution', NEW.execution,
            'workflow_def', NEW.workflow_def,
            'workflow_ref', NEW.workflow_ref,
            'status', NEW.status,
            'old_status', OLD.status,
            'updated', NEW.updated
        )
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER workflow_execution_notify_status
    AFTER UPDATE ON attune.workflow_execution
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION attune.notify_workflow_execution();
