-- Keep with an artifact who it belongs to, which outlives the execution that made it.
CREATE OR REPLACE FUNCTION attune.keep_artifact_owner()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.owner_identity := CASE
        WHEN NEW.scope = 'identity' AND NEW.owner ~ '^[0-9]{1,18}$'
        THEN NEW.owner::bigint
        WHEN NEW.execution IS NOT NULL
        THEN (SELECT executor FROM attune.execution WHERE id = NEW.execution)
        WHEN NEW.scope IN ('pack', 'action', 'sensor')
        THEN (
            SELECT pack.owner_identity
            FROM attune.pack
            WHERE pack.ref = split_part(NEW.owner, '.', 1)
        )
    END;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER artifact_keep_owner
    BEFORE INSERT OR UPDATE OF scope, owner ON attune.artifact
    FOR EACH ROW
    EXECUTE FUNCTION attune.keep_artifact_owner();
