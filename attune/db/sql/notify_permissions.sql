-- Tell those who keep grants in memory that some have changed: `<table>:<id>`.
CREATE OR REPLACE FUNCTION attune.notify_permissions()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify(
        'attune_permissions',
        TG_TABLE_NAME || ':' || coalesce(NEW.id, OLD.id)
    );
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER identity_notify_permissions
    AFTER INSERT OR UPDATE OR DELETE ON attune.identity
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();

CREATE OR REPLACE TRIGGER identity_role_notify_permissions
    AFTER INSERT OR UPDATE OR DELETE ON attune.identity_role
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();

CREATE OR REPLACE TRIGGER permission_set_notify_permissions
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();

CREATE OR REPLACE TRIGGER permission_set_role_notify_permissions
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_set_role
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();

CREATE OR REPLACE TRIGGER permission_assignment_notify_permissions
    AFTER INSERT OR UPDATE OR DELETE ON attune.permission_assignment
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();

-- Its use is no change of what somebody may do.
CREATE OR REPLACE TRIGGER integration_token_notify_permissions
    AFTER UPDATE OF revoked_at, expires_at OR DELETE ON attune.integration_token
    FOR EACH ROW
    EXECUTE FUNCTION attune.notify_permissions();
