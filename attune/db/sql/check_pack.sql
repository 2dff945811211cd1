-- Refuse a pack whose ref or version has the wrong form, or whose ref would change.
CREATE OR REPLACE FUNCTION attune.check_pack()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.ref <> OLD.ref THEN
        RAISE 'the ref of a pack cannot be changed'
            USING ERRCODE = 'AT006', CONSTRAINT = 'pack_ref_fixed', TABLE = 'pack';
    END IF;
    IF NEW.ref !~ '^[a-z][a-z0-9_-]+$' THEN
        RAISE 'the ref of a pack has the wrong form'
            USING ERRCODE = 'AT001', CONSTRAINT = 'pack_ref_format', TABLE = 'pack';
    END IF;
    IF NOT attune.is_semantic_version(NEW.version) THEN
        RAISE 'the version of a pack is not a semantic version'
            USING ERRCODE = 'AT002', CONSTRAINT = 'pack_version', TABLE = 'pack';
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER pack_check
    BEFORE INSERT OR UPDATE OF ref, version ON attune.pack
    FOR EACH ROW
    EXECUTE FUNCTION attune.check_pack();
