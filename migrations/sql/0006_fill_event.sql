-- Complete a new event: refs and ids of trigger, source and rule, and a snapshot of both.
CREATE OR REPLACE FUNCTION attune.fill_event()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    fired attune.trigger;
    emitter attune.sensor;
BEGIN
    IF NEW.trigger IS NOT NULL THEN
        SELECT * INTO fired FROM attune.trigger WHERE id = NEW.trigger;
    ELSE
        SELECT * INTO fired FROM attune.trigger WHERE ref = NEW.trigger_ref;
    END IF;
    IF fired.ref <> NEW.trigger_ref THEN
        RAISE 'trigger and trigger_ref name different things'
            USING ERRCODE = 'AT003', CONSTRAINT = 'event_trigger', TABLE = 'event';
    END IF;
    NEW.trigger := coalesce(NEW.trigger, fired.id);
    NEW.trigger_ref := coalesce(NEW.trigger_ref, fired.ref);

    IF NEW.source IS NOT NULL THEN
        SELECT * INTO emitter FROM attune.sensor WHERE id = NEW.source;
    ELSIF NEW.source_ref IS NOT NULL THEN
        SELECT * INTO emitter FROM attune.sensor WHERE ref = NEW.source_ref;
    END IF;
    IF emitter.ref <> NEW.source_ref THEN
        RAISE 'source and source_ref name different things'
            USING ERRCODE = 'AT003', CONSTRAINT = 'event_source', TABLE = 'event';
    END IF;
    NEW.source := coalesce(NEW.source, emitter.id);
    NEW.source_ref := coalesce(NEW.source_ref, emitter.ref);

    IF NEW.rule IS NOT NULL AND NEW.rule_ref IS NULL THEN
        NEW.rule_ref := (SELECT ref FROM attune.rule WHERE id = NEW.rule);
    ELSIF NEW.rule_ref IS NOT NULL AND NEW.rule IS NULL THEN
        NEW.rule := (SELECT id FROM attune.rule WHERE ref = NEW.rule_ref);
    END IF;

    IF jsonb_typeof(NEW.config) = 'object' AND NOT NEW.config ? 'snapshot' THEN
        NEW.config := NEW.config || jsonb_build_object(
            'snapshot',
            jsonb_strip_nulls(
                jsonb_build_object(
                    'trigger',
                    CASE WHEN fired.id IS NOT NULL THEN attune.snapshot_trigger(fired) END,
                    'sensor',
                    CASE
                        WHEN emitter.id IS NOT NULL THEN attune.snapshot_sensor(emitter)
                    END
                )
            )
        );
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER event_fill
    BEFORE INSERT ON attune.event
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_event();
