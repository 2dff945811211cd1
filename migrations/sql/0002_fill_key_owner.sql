-- Give a key its one owner: check which it names, and fill what follows from it.
CREATE OR REPLACE FUNCTION attune.fill_key_owner()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    owner_count CONSTANT integer := num_nonnulls(
        NEW.owner_identity,
        coalesce(NEW.owner_pack::text, NEW.owner_pack_ref),
        coalesce(NEW.owner_action::text, NEW.owner_action_ref),
        coalesce(NEW.owner_sensor::text, NEW.owner_sensor_ref)
    );
    prefix text;
BEGIN
    CASE NEW.owner_type
        WHEN 'system' THEN
            NEW.owner := 'system';
        WHEN 'identity' THEN
            NEW.owner := (
                SELECT login FROM attune.identity WHERE id = NEW.owner_identity
            );
        WHEN 'pack' THEN
            SELECT id, ref, ref
            INTO NEW.owner_pack, NEW.owner_pack_ref, NEW.owner
            FROM attune.pack
            WHERE coalesce(id = NEW.owner_pack, true)
                AND coalesce(ref = NEW.owner_pack_ref, true)
                AND coalesce(NEW.owner_pack::text, NEW.owner_pack_ref) IS NOT NULL;
        WHEN 'action' THEN
            SELECT id, ref, ref
            INTO NEW.owner_action, NEW.owner_action_ref, NEW.owner
            FROM attune.action
            WHERE coalesce(id = NEW.owner_action, true)
                AND coalesce(ref = NEW.owner_action_ref, true)
                AND coalesce(NEW.owner_action::text, NEW.owner_action_ref) IS NOT NULL;
        WHEN 'sensor' THEN
            SELECT id, ref, ref
            INTO NEW.owner_sensor, NEW.owner_sensor_ref, NEW.owner
            FROM attune.sensor
            WHERE coalesce(id = NEW.owner_sensor, true)
                AND coalesce(ref = NEW.owner_sensor_ref, true)
                AND coalesce(NEW.owner_sensor::text, NEW.owner_sensor_ref) IS NOT NULL;
    END CASE;

    IF NEW.owner IS NULL OR owner_count <> (NEW.owner_type <> 'system')::integer THEN
        RAISE 'a key has exactly the owner that its type asks for'
            USING ERRCODE = 'AT005', CONSTRAINT = 'key_owner', TABLE = 'key';
    END IF;

    prefix := CASE NEW.owner_type
        WHEN 'system' THEN 'system.'
        ELSE NEW.owner_type || '.' || NEW.owner || '.'
    END;
    NEW.local_ref := coalesce(
        NEW.local_ref,
        CASE
            WHEN starts_with(NEW.ref, prefix) THEN substr(NEW.ref, length(prefix) + 1)
            ELSE NEW.ref
        END,
        NEW.name
    );
    NEW.ref := coalesce(NEW.ref, prefix || NEW.local_ref);
    -- Any number of parts between dots, of printable ASCII without spaces.
    IF NEW.ref !~ '^[!--/-~]+(\.[!--/-~]+)*$' THEN
        RAISE 'the ref of a key has the wrong form'
            USING ERRCODE = 'AT001', CONSTRAINT = 'key_ref_format', TABLE = 'key';
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER key_fill_owner
    BEFORE INSERT OR UPDATE ON attune.key
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_key_owner();
