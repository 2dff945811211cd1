-- Announce a new artifact and every change of one; of progress, the last entry's gist.
CREATE OR REPLACE FUNCTION attune.notify_artifact()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    activity CONSTANT text := CASE TG_OP WHEN 'INSERT' THEN 'created' ELSE 'updated' END;
    facts jsonb := jsonb_build_object(
        'entity_type', 'artifact',
        'entity_id', NEW.id,
        'id', NEW.id,
        'ref', NEW.ref,
        'type', NEW.type,
        'scope', NEW.scope,
        'owner', NEW.owner,
        'visibility', NEW.visibility,
        'execution', NEW.execution,
        'updated', NEW.updated
    );
BEGIN
    IF NEW.type = 'progress' AND jsonb_typeof(NEW.data) = 'array' THEN
        facts := facts || jsonb_build_object(
            'progress_percent', CASE
                WHEN length(NEW.data -> -1 ->> 'percent') < 32
                    THEN NEW.data -> -1 -> 'percent'
            END,
            'progress_message', left(NEW.data -> -1 ->> 'message', 200),
            'progress_entries', jsonb_array_length(NEW.data)
        );
    END IF;
    PERFORM attune.announce(
        'artifact_' || activity,
        'artifact',
        NEW.id,
        activity,
        facts
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER artifact_notify_created
    AFTER INSERT ON attune.artifact
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_artifact();

CREATE OR REPLACE TRIGGER artifact_notify_updated
    AFTER UPDATE ON attune.artifact
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_artifact();
