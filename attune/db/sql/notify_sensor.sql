-- Tell those who start and end sensors which one is wanted anew.
CREATE OR REPLACE FUNCTION attune.notify_sensor()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify('attune_sensor', NEW.sensor_ref);
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER sensor_process_notify_sensor
    AFTER UPDATE ON attune.sensor_process
    FOR EACH ROW
    WHEN (NEW.is_to_restart AND NOT OLD.is_to_restart)
    EXECUTE FUNCTION attune.notify_sensor();
