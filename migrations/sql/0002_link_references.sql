-- Let definitions that name something find it when it comes (back) into being.
--
-- Arguments: tables, each followed by its column of the id; that of the ref is named
-- alike. History is left alone: it spoke of what was there before.
CREATE OR REPLACE FUNCTION attune.link_references()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    FOR place IN 0 .. TG_NARGS - 1 BY 2 LOOP
        EXECUTE format(
            'UPDATE attune.%I SET %I = $1 WHERE %I = $2 AND %I IS NULL',
            TG_ARGV[place],
            TG_ARGV[place + 1],
            TG_ARGV[place + 1] || '_ref',
            TG_ARGV[place + 1]
        )
            USING NEW.id, NEW.ref;
    END LOOP;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER runtime_link_references
    AFTER INSERT ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.link_references('action', 'runtime', 'sensor', 'runtime', 'worker', 'runtime');

CREATE OR REPLACE TRIGGER trigger_link_references
    AFTER INSERT ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.link_references('rule', 'trigger', 'sensor', 'trigger');

CREATE OR REPLACE TRIGGER sensor_link_references
    AFTER INSERT ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.link_references('trigger', 'sensor');

CREATE OR REPLACE TRIGGER action_link_references
    AFTER INSERT ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.link_references('rule', 'action', 'policy', 'action');
