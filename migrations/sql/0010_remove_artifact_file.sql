-- Remember the file of a version that is gone, until it is removed from the directory.
CREATE OR REPLACE FUNCTION attune.remove_artifact_file()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO attune.artifact_removal (file_path) VALUES (OLD.file_path)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER artifact_version_remove_file
    AFTER DELETE ON attune.artifact_version
    FOR EACH ROW
    WHEN (OLD.file_path IS NOT NULL)
    EXECUTE FUNCTION attune.remove_artifact_file();
