-- Fill the id of what a row refers to from its ref, or the ref from the id.
--
-- Arguments: the column of the id, that of the ref, the table referred to, and
-- `required` where the row makes no sense without it. An id that becomes null leaves the
-- ref alone: what was referred to is gone, and history remembers its name.
CREATE OR REPLACE FUNCTION attune.fill_reference()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    pair CONSTANT text := format('SELECT ($1).%I, ($1).%I', TG_ARGV[0], TG_ARGV[1]);
    old_id bigint;
    old_ref text;
    new_id bigint;
    new_ref text;
    found_ref text;
BEGIN
    EXECUTE pair INTO new_id, new_ref USING NEW;
    IF TG_OP = 'UPDATE' THEN
        EXECUTE pair INTO old_id, old_ref USING OLD;
        IF new_ref IS NOT DISTINCT FROM old_ref THEN
            IF new_id IS NOT DISTINCT FROM old_id OR new_id IS NULL THEN
                RETURN NEW;
            END IF;
            new_ref := NULL;
        ELSIF new_id IS NOT DISTINCT FROM old_id THEN
            new_id := NULL;
        END IF;
    END IF;

    IF new_id IS NOT NULL THEN
        EXECUTE format('SELECT ref FROM attune.%I WHERE id = $1', TG_ARGV[2])
            INTO found_ref
            USING new_id;
        -- The foreign key says what is wrong with an id that leads nowhere.
        IF found_ref <> new_ref THEN
            RAISE '% and % name different things', TG_ARGV[0], TG_ARGV[1]
                USING ERRCODE = 'AT003', TABLE = TG_TABLE_NAME,
                    CONSTRAINT = TG_TABLE_NAME || '_' || TG_ARGV[0];
        END IF;
        new_ref := coalesce(found_ref, new_ref, '');
    ELSIF new_ref IS NOT NULL THEN
        EXECUTE format('SELECT id FROM attune.%I WHERE ref = $1', TG_ARGV[2])
            INTO new_id
            USING new_ref;
    END IF;

    IF new_id IS NULL AND TG_ARGV[3] = 'required' THEN
        RAISE '% names nothing that exists', TG_ARGV[1]
            USING ERRCODE = 'AT003', TABLE = TG_TABLE_NAME,
                CONSTRAINT = TG_TABLE_NAME || '_' || TG_ARGV[0];
    END IF;
    NEW := jsonb_populate_record(
        NEW,
        jsonb_build_object(TG_ARGV[0], new_id, TG_ARGV[1], new_ref)
    );
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER runtime_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER trigger_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER sensor_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER permission_set_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER policy_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER pack_install_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.pack_install
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack');

CREATE OR REPLACE TRIGGER action_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack', 'required');

CREATE OR REPLACE TRIGGER rule_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack', 'required');

CREATE OR REPLACE TRIGGER workflow_definition_fill_pack
    BEFORE INSERT OR UPDATE OF pack, pack_ref ON attune.workflow_definition
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('pack', 'pack_ref', 'pack', 'required');

CREATE OR REPLACE TRIGGER runtime_version_fill_runtime
    BEFORE INSERT OR UPDATE OF runtime, runtime_ref ON attune.runtime_version
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('runtime', 'runtime_ref', 'runtime', 'required');

CREATE OR REPLACE TRIGGER worker_fill_runtime
    BEFORE INSERT OR UPDATE OF runtime, runtime_ref ON attune.worker
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('runtime', 'runtime_ref', 'runtime');

CREATE OR REPLACE TRIGGER trigger_fill_sensor
    BEFORE INSERT OR UPDATE OF sensor, sensor_ref ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('sensor', 'sensor_ref', 'sensor');

CREATE OR REPLACE TRIGGER sensor_fill_runtime
    BEFORE INSERT OR UPDATE OF runtime, runtime_ref ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('runtime', 'runtime_ref', 'runtime');

CREATE OR REPLACE TRIGGER sensor_fill_trigger
    BEFORE INSERT OR UPDATE OF trigger, trigger_ref ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('trigger', 'trigger_ref', 'trigger');

CREATE OR REPLACE TRIGGER action_fill_runtime
    BEFORE INSERT OR UPDATE OF runtime, runtime_ref ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('runtime', 'runtime_ref', 'runtime');

CREATE OR REPLACE TRIGGER rule_fill_trigger
    BEFORE INSERT OR UPDATE OF trigger, trigger_ref ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('trigger', 'trigger_ref', 'trigger');

CREATE OR REPLACE TRIGGER rule_fill_action
    BEFORE INSERT OR UPDATE OF action, action_ref ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('action', 'action_ref', 'action');

CREATE OR REPLACE TRIGGER policy_fill_action
    BEFORE INSERT OR UPDATE OF action, action_ref ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('action', 'action_ref', 'action');

CREATE OR REPLACE TRIGGER workflow_execution_fill_workflow_def
    BEFORE INSERT OR UPDATE OF workflow_def, workflow_ref ON attune.workflow_execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_reference('workflow_def', 'workflow_ref', 'workflow_definition');
