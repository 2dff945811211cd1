-- Complete a new enforcement: refs and ids of its rule and trigger, and their snapshot.
CREATE OR REPLACE FUNCTION attune.fill_enforcement()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    enforced attune.rule;
    fired attune.trigger;
BEGIN
    IF NEW.rule IS NOT NULL THEN
        SELECT * INTO enforced FROM attune.rule WHERE id = NEW.rule;
    ELSE
        SELECT * INTO enforced FROM attune.rule WHERE ref = NEW.rule_ref;
    END IF;
    IF enforced.ref <> NEW.rule_ref THEN
        RAISE 'rule and rule_ref name different things'
            USING ERRCODE = 'AT003', CONSTRAINT = 'enforcement_rule',
                TABLE = 'enforcement';
    END IF;
    NEW.rule := coalesce(NEW.rule, enforced.id);
    NEW.rule_ref := coalesce(NEW.rule_ref, enforced.ref);
    NEW.trigger_ref := coalesce(
        NEW.trigger_ref,
        (SELECT trigger_ref FROM attune.event WHERE id = NEW.event),
        enforced.trigger_ref
    );

    IF NEW.definition = '{}' AND enforced.id IS NOT NULL THEN
        SELECT * INTO fired FROM attune.trigger WHERE ref = NEW.trigger_ref;
        NEW.definition := jsonb_build_object(
            'rule',
            to_jsonb(enforced)
                - '{created,updated,description,tags,last_error,last_error_at}'::text[],
            'trigger',
            CASE WHEN fired.id IS NOT NULL THEN attune.snapshot_trigger(fired) END
        );
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER enforcement_fill
    BEFORE INSERT ON attune.enforcement
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_enforcement();
