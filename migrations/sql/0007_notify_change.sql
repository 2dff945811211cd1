-- Record that a definition was created, updated or deleted; never what is secret in it.
CREATE OR REPLACE FUNCTION attune.notify_change()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    changed CONSTANT jsonb := to_jsonb(coalesce(NEW, OLD));
    -- Followers of a rule's former trigger have to hear that it left.
    former CONSTANT jsonb := CASE TG_OP
        WHEN 'UPDATE' THEN to_jsonb(OLD)
        ELSE changed
    END;
BEGIN
    INSERT INTO attune.notification (channel, entity_type, entity, activity, content)
    VALUES (
        TG_TABLE_NAME,
        TG_TABLE_NAME,
        changed ->> 'id',
        CASE TG_OP
            WHEN 'INSERT' THEN 'created'
            WHEN 'UPDATE' THEN 'updated'
            ELSE 'deleted'
        END,
        jsonb_strip_nulls(
            jsonb_build_object(
                'id', changed -> 'id',
                'ref', changed -> 'ref',
                'name', changed -> 'name',
                'login', changed -> 'login',
                'pack', changed -> 'pack',
                'pack_ref', changed -> 'pack_ref',
                'trigger_ref', changed -> 'trigger_ref',
                'action', changed -> 'action',
                'action_ref', changed -> 'action_ref',
                'enabled', changed -> 'enabled',
                'status', changed -> 'status',
                'cordoned', changed -> 'cordoned',
                'is_standard', changed -> 'is_standard',
                'owner_identity', changed -> 'owner_identity',
                'owner_type', changed -> 'owner_type',
                'owner', changed -> 'owner',
                'old_enabled', CASE
                    WHEN former -> 'enabled' <> changed -> 'enabled'
                        THEN former -> 'enabled'
                END,
                'old_trigger_ref', CASE
                    WHEN former ->> 'trigger_ref' <> changed ->> 'trigger_ref'
                        THEN former -> 'trigger_ref'
                END
            )
        )
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER pack_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.pack
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER runtime_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER trigger_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER sensor_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER action_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER workflow_definition_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.workflow_definition
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER permission_set_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER policy_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER key_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.key
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER identity_notify_change
    AFTER INSERT OR UPDATE OR DELETE ON attune.identity
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

-- A rule that cannot be evaluated says so on its row at every event: that is no change.
CREATE OR REPLACE TRIGGER rule_notify_change
    AFTER INSERT OR DELETE ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER rule_notify_update
    AFTER UPDATE ON attune.rule
    FOR EACH ROW
    WHEN (OLD.last_error_at IS NOT DISTINCT FROM NEW.last_error_at)
    EXECUTE FUNCTION attune.notify_change();

-- Nor is a heartbeat.
CREATE OR REPLACE TRIGGER worker_notify_change
    AFTER INSERT OR DELETE ON attune.worker
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_change();

CREATE OR REPLACE TRIGGER worker_notify_update
    AFTER UPDATE ON attune.worker
    FOR EACH ROW
    WHEN (
        (OLD.status, OLD.cordoned, OLD.capabilities)
        IS DISTINCT FROM (NEW.status, NEW.cordoned, NEW.capabilities)
    )
    EXECUTE FUNCTION attune.notify_change();
