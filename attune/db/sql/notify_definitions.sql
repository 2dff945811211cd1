-- Tell those who keep definitions in memory that one has changed: `<table>:<id>`.
CREATE OR REPLACE FUNCTION attune.notify_definitions()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify(
        'attune_definitions',
        TG_TABLE_NAME || ':' || coalesce(NEW.id, OLD.id)
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER pack_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.pack
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER runtime_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER trigger_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER sensor_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER action_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER rule_notify_definitions
    AFTER INSERT OR DELETE ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

CREATE OR REPLACE TRIGGER pack_config_notify_definitions
    AFTER INSERT OR UPDATE OR DELETE ON attune.pack_config
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_definitions();

-- Noting an error on a rule must not make everybody read all rules again.
CREATE OR REPLACE TRIGGER rule_notify_redefinition
    AFTER UPDATE ON attune.rule
    FOR EACH ROW
    WHEN (OLD.last_error_at IS NOT DISTINCT FROM NEW.last_error_at)
    EXECUTE FUNCTION attune.notify_definitions();
