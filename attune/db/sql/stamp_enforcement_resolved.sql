-- Stamp an enforcement with the time when it was decided.
CREATE OR REPLACE FUNCTION attune.stamp_enforcement_resolved()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.resolved_at := now();
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER enforcement_stamp_resolved
    BEFORE INSERT OR UPDATE OF status ON attune.enforcement
    FOR EACH ROW
    WHEN (NEW.status <> 'created' AND NEW.resolved_at IS NULL)
    EXECUTE FUNCTION attune.stamp_enforcement_resolved();
