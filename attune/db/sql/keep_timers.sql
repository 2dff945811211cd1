-- Keep the timers of a trigger or of a pack that is switched on or off.
--
-- Argument: the column of the rule that names it.
CREATE OR REPLACE FUNCTION attune.keep_timers()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format(
        'SELECT attune.set_timer(r, false)
        FROM attune.rule AS r
        WHERE r.%I = $1 AND attune.is_timer(r.trigger_ref)',
        TG_ARGV[0]
    )
        USING NEW.id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER trigger_keep_timers
    AFTER UPDATE OF enabled ON attune.trigger
    FOR EACH ROW
    WHEN (OLD.enabled <> NEW.enabled)
    EXECUTE FUNCTION attune.keep_timers('trigger');

CREATE OR REPLACE TRIGGER pack_keep_timers
    AFTER UPDATE OF enabled ON attune.pack
    FOR EACH ROW
    WHEN (OLD.enabled <> NEW.enabled)
    EXECUTE FUNCTION attune.keep_timers('pack');
