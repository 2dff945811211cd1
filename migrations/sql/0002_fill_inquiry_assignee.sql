-- Keep the login of the person an inquiry is assigned to; it outlives the identity.
CREATE OR REPLACE FUNCTION attune.fill_inquiry_assignee()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF NEW.assigned_to IS NOT NULL THEN
        NEW.assigned_to_login := (
            SELECT login FROM attune.identity WHERE id = NEW.assigned_to
        );
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER inquiry_fill_assignee
    BEFORE INSERT OR UPDATE OF assigned_to ON attune.inquiry
    FOR EACH ROW
    EXECUTE FUNCTION attune.fill_inquiry_assignee();
