-- Send a new notification's keys to its channel, never its content: a message has 8,000
-- bytes at most, and a longer one would make the insert fail.
CREATE OR REPLACE FUNCTION attune.send_notification()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify(
        NEW.channel,
        jsonb_build_object(
            'id', NEW.id,
            'entity_type', NEW.entity_type,
            'entity', NEW.entity,
            'activity', NEW.activity
        )::text
    );
    -- Equal messages of one transaction are sent once: this wakes who reads the table.
    PERFORM pg_notify('attune_notification', '');
    -- Nor are followers sent more than that; only plain SQL writes so much.
    IF pg_column_size(NEW.content) > 500 AND octet_length(NEW.content::text) > 8000 THEN
        UPDATE attune.notification SET state = 'error' WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER notification_send
    AFTER INSERT ON attune.notification
    FOR EACH ROW
    EXECUTE FUNCTION attune.send_notification();
