-- Take along what is kept of a sensor that is removed: its log, and where it stood.
--
-- A process that may still live has its row until it has ended.
CREATE OR REPLACE FUNCTION attune.remove_sensor_log()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM attune.artifact
    WHERE
        scope = 'sensor' AND owner = OLD.ref AND classification = 'runtime_log';
    DELETE FROM attune.sensor_process
    WHERE sensor_ref = OLD.ref AND state = 'stopped';
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER sensor_remove_sensor_log
    AFTER DELETE ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.remove_sensor_log();
