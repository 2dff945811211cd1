-- Detach from its enforcement an execution whose parent or original was deleted.
--
-- It was not the enforcement's one top-level execution, and must not become it.
CREATE OR REPLACE FUNCTION attune.release_enforcement()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.enforcement := NULL;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER execution_release_enforcement
    BEFORE UPDATE OF parent, original_execution ON attune.execution
    FOR EACH ROW
    WHEN (NEW.parent IS NULL
        AND NEW.original_execution IS NULL
        AND num_nonnulls(OLD.parent, OLD.original_execution) > 0)
    EXECUTE FUNCTION attune.release_enforcement();
