-- Tell those who follow a stream that there is more of it: `<execution>:<stream>`.
CREATE OR REPLACE FUNCTION attune.notify_log()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify('attune_log', NEW.execution || ':' || NEW.stream);
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER execution_log_notify
    AFTER INSERT ON attune.execution_log
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_log();
