-- Announce a new execution, and every change of an execution's status.
CREATE OR REPLACE FUNCTION attune.notify_execution()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    is_new CONSTANT boolean := TG_OP = 'INSERT';
BEGIN
    -- Parameters, results and task data may be large, and are nobody's to overhear.
    PERFORM attune.announce(
        CASE WHEN is_new THEN 'execution_created' ELSE 'execution_status_changed' END,
        'execution',
        NEW.id,
        CASE WHEN is_new THEN 'created' ELSE NEW.status::text END,
        jsonb_build_object(
            'entity_type', 'execution',
            'entity_id', NEW.id,
            'id', NEW.id,
            'action_id', NEW.action,
            'action_ref', NEW.action_ref,
            'status', NEW.status,
            'old_status', CASE WHEN NOT is_new THEN OLD.status END,
            'enforcement', NEW.enforcement,
            'rule_ref', NEW.rule_ref,
            'trigger_ref', NEW.trigger_ref,
            'parent', NEW.parent,
            'executor', NEW.executor,
            'workflow_task', CASE
                WHEN NEW.workflow_task IS NOT NULL THEN jsonb_build_object(
                    'task_name', left(NEW.workflow_task ->> 'task_name', 128)
                )
            END,
            'started_at', NEW.started_at,
            'created', NEW.created,
            'updated', NEW.updated
        )
    );
    IF NEW.status = 'requested' THEN
        PERFORM pg_notify('attune_dispatch', '');
    ELSIF NEW.finished_at IS NOT NULL AND EXISTS (
        SELECT FROM attune.execution WHERE status = 'scheduling'
    ) THEN
        -- There is room now for what a policy makes wait.
        PERFORM pg_notify('attune_dispatch', 'admission');
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER execution_notify_created
    AFTER INSERT ON attune.execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_execution();

CREATE OR REPLACE TRIGGER execution_notify_status
    AFTER UPDATE ON attune.execution
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION attune.notify_execution();
