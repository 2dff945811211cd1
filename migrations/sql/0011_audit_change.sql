-- Record what an actor changed: the names of columns, and of values only harmless ones.
-- Whoever acts is told by the API in `attune.actor`; the platform's own work is not here.
CREATE OR REPLACE FUNCTION attune.audit_change()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    actor jsonb := nullif(current_setting('attune.actor', true), '')::jsonb;
    subject jsonb;
    changed text[];
    activity text;
BEGIN
    IF actor IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        subject := to_jsonb(OLD);
        activity := 'deleted';
    ELSE
        subject := to_jsonb(NEW);
        activity := 'created';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY(
            SELECT n.key
            FROM jsonb_each(subject) AS n
            WHERE
                n.value IS DISTINCT FROM to_jsonb(OLD) -> n.key
                AND n.key NOT IN ('updated', 'last_error', 'last_error_at')
            ORDER BY n.key
        );
        IF cardinality(changed) = 0 THEN
            RETURN NULL;
        END IF;
        activity := 'updated';
    END IF;
    INSERT INTO attune.audit_event (
        category, event_type, actor_identity, actor_login, actor_token_type,
        actor_execution, actor_ip, actor_user_agent, request_id, http_method, http_path,
        resource_type, resource_id, resource_ref, details
    )
    VALUES (
        TG_ARGV[0]::attune.audit_category_enum,
        TG_TABLE_NAME || '.' || COALESCE(TG_ARGV[1], activity),
        (actor ->> 'identity_id')::bigint,
        left(actor ->> 'login', 255),
        actor ->> 'token_type',
        (actor ->> 'execution_id')::bigint,
        actor ->> 'address',
        left(actor ->> 'user_agent', 255),
        (actor ->> 'request_id')::uuid,
        actor ->> 'method',
        left(actor ->> 'path', 255),
        TG_TABLE_NAME,
        (subject ->> 'id')::bigint,
        left(
            COALESCE(
                subject ->> 'ref', subject ->> 'action_ref', subject ->> 'login',
                subject ->> 'label', subject ->> 'role', subject ->> 'name'
            ),
            255
        ),
        COALESCE(
            (
                SELECT jsonb_object_agg(s.key, s.value)
                FROM jsonb_each(subject) AS s
                WHERE s.key IN (
                    'identity', 'permset', 'role', 'owner_type', 'owner', 'enabled',
                    'frozen', 'cordoned', 'visibility', 'version'
                ) AND s.value <> 'null'
            ),
            '{}'
        ) || CASE WHEN changed IS NULL
            THEN '{}' ELSE jsonb_build_object('changed', to_jsonb(changed))
        END
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER pack_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.pack
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER trigger_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER sensor_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER action_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER workflow_definition_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.workflow_definition
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER rule_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER policy_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER artifact_audit
    AFTER INSERT OR DELETE ON attune.artifact
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER identity_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.identity
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER identity_role_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.identity_role
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER permission_set_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER permission_assignment_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_assignment
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER permission_set_role_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_set_role
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER integration_token_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.integration_token
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('rbac');

CREATE OR REPLACE TRIGGER pack_config_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.pack_config
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('pack');

CREATE OR REPLACE TRIGGER key_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.key
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('secret');

CREATE OR REPLACE TRIGGER runtime_audit
    AFTER INSERT OR UPDATE OR DELETE ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.audit_change('admin');

-- Not its heartbeats.
CREATE OR REPLACE TRIGGER worker_audit
    AFTER UPDATE ON attune.worker
    FOR EACH ROW
    WHEN (OLD.cordoned IS DISTINCT FROM NEW.cordoned)
    EXECUTE FUNCTION attune.audit_change('admin');

-- What rules and workflows start is nobody's doing just then.
CREATE OR REPLACE TRIGGER execution_audit_requested
    AFTER INSERT ON attune.execution
    FOR EACH ROW
    WHEN (NEW.enforcement IS NULL AND NEW.parent IS NULL)
    EXECUTE FUNCTION attune.audit_change('execution', 'requested');

CREATE OR REPLACE TRIGGER execution_audit_cancel
    AFTER UPDATE OF status ON attune.execution
    FOR EACH ROW
    WHEN (
        OLD.status IS DISTINCT FROM NEW.status
        AND NEW.status IN ('canceling', 'cancelled')
    )
    EXECUTE FUNCTION attune.audit_change('execution', 'cancel_requested');

CREATE OR REPLACE TRIGGER inquiry_audit
    AFTER UPDATE OF status ON attune.inquiry
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION attune.audit_change('execution', 'decided');
