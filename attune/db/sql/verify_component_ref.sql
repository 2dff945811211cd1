-- Refuse a component whose ref has the wrong form, is not its pack's, or would change.
CREATE OR REPLACE FUNCTION attune.verify_component_ref()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.ref <> OLD.ref THEN
        RAISE 'the ref of a component cannot be changed'
            USING ERRCODE = 'AT006', CONSTRAINT = TG_TABLE_NAME || '_ref_fixed',
                TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.ref !~ '^[a-z][a-z0-9_-]+\.[a-z0-9_][a-z0-9_-]*$' THEN
        RAISE 'the ref of a component has the wrong form'
            USING ERRCODE = 'AT001', CONSTRAINT = TG_TABLE_NAME || '_ref_format',
                TABLE = TG_TABLE_NAME;
    END IF;
    -- People may limit any pack with a policy of their own name.
    IF NOT starts_with(NEW.ref, NEW.pack_ref || '.')
        AND NOT (TG_TABLE_NAME = 'policy' AND NEW.is_adhoc)
    THEN
        RAISE 'the ref of a component does not begin with its pack''s'
            USING ERRCODE = 'AT004', CONSTRAINT = TG_TABLE_NAME || '_ref_pack',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END;
$$;

-- Named to fire after `fill`, which supplies the pack's ref.
CREATE OR REPLACE TRIGGER runtime_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER trigger_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER sensor_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER action_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER rule_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER workflow_definition_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.workflow_definition
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER permission_set_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();

CREATE OR REPLACE TRIGGER policy_verify_ref
    BEFORE INSERT OR UPDATE OF ref, pack, pack_ref ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.verify_component_ref();
