-- Keep the timer of a rule as the rule is.
CREATE OR REPLACE FUNCTION attune.keep_timer()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP <> 'DELETE' AND attune.is_timer(NEW.trigger_ref) THEN
        PERFORM attune.set_timer(
            NEW,
            TG_OP = 'INSERT'
            OR NEW.trigger_ref <> OLD.trigger_ref
            OR NEW.trigger_params <> OLD.trigger_params
        );
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND attune.is_timer(OLD.trigger_ref) THEN
        DELETE FROM attune.timer WHERE rule = OLD.id;
        INSERT INTO attune.outbox (kind, payload)
        VALUES ('set_timer', jsonb_build_object('rule_id', OLD.id));
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER rule_keep_timer
    AFTER INSERT OR DELETE ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.keep_timer();

CREATE OR REPLACE TRIGGER rule_change_timer
    AFTER UPDATE ON attune.rule
    FOR EACH ROW
    WHEN (
        OLD.enabled <> NEW.enabled
        OR OLD.trigger IS DISTINCT FROM NEW.trigger
        OR OLD.trigger_ref <> NEW.trigger_ref
        OR OLD.trigger_params <> NEW.trigger_params
    )
    EXECUTE FUNCTION attune.keep_timer();
