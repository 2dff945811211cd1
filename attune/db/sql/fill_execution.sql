-- Complete a new execution: refs, ids, the action's defaults, and a snapshot of it.
CREATE OR REPLACE FUNCTION attune.fill_execution()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    executed attune.action;
BEGIN
    IF NEW.action IS NOT NULL THEN
        SELECT * INTO executed FROM attune.action WHERE id = NEW.action;
    ELSE
        SELECT * INTO executed FROM attune.action WHERE ref = NEW.action_ref;
    END IF;
    IF executed.ref <> NEW.action_ref THEN
        RAISE 'action and action_ref name different things'
            USING ERRCODE = 'AT003', CONSTRAINT = 'execution_action',
                TABLE = 'execution';
    END IF;
    NEW.action := coalesce(NEW.action, executed.id);
    NEW.action_ref := coalesce(NEW.action_ref, executed.ref);
    NEW.pack_ref := coalesce(NEW.pack_ref, executed.pack_ref);
    NEW.runtime_ref := coalesce(NEW.runtime_ref, executed.runtime_ref);
    -- What the engine does itself, a workflow or a question, has no limit of its own.
    NEW.timeout_seconds := coalesce(
        NEW.timeout_seconds,
        executed.timeout_seconds,
        CASE WHEN NEW.runtime_ref IS DISTINCT FROM 'core.builtin' THEN 300 END
    );
    NEW.permission_set_refs := coalesce(
        NEW.permission_set_refs,
        executed.default_execution_permission_set_refs,
        '{}'
    );
    IF NEW.definition = '{}' AND executed.id IS NOT NULL THEN
        NEW.definition := attune.snapshot_action(executed);
    END IF;
    IF NEW.enforcement IS NOT NULL
        AND (NEW.rule_ref IS NULL OR NEW.trigger_ref IS NULL)
    THEN
        SELECT coalesce(NEW.rule_ref, rule_ref), coalesce(NEW.trigger_ref, trigger_ref)
        INTO NEW.rule_ref, NEW.trigger_ref
        FROM attune.enforcement
        WHERE id = NEW.enforcement;
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER execution_fill
    BEFORE INSERT ON attune.execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_execution();
