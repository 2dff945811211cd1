-- Wake the dispatchers: a policy has changed, so that others may be admitted.
CREATE OR REPLACE FUNCTION attune.notify_admission()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_notify('attune_dispatch', 'admission');
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER policy_notify_admission
    AFTER INSERT OR UPDATE OR DELETE ON attune.policy
    FOR EACH STATEMENT
    EXECUTE FUNCTION attune.notify_admission();
