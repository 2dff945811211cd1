-- Stamp a row that changes with the time of the change.
CREATE OR REPLACE FUNCTION attune.stamp_updated()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated := now();
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER pack_stamp_updated
    BEFORE UPDATE ON attune.pack
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER pack_install_stamp_updated
    BEFORE UPDATE ON attune.pack_install
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER runtime_stamp_updated
    BEFORE UPDATE ON attune.runtime
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER runtime_version_stamp_updated
    BEFORE UPDATE ON attune.runtime_version
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER worker_stamp_updated
    BEFORE UPDATE ON attune.worker
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER trigger_stamp_updated
    BEFORE UPDATE ON attune.trigger
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER sensor_stamp_updated
    BEFORE UPDATE ON attune.sensor
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER action_stamp_updated
    BEFORE UPDATE ON attune.action
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER rule_stamp_updated
    BEFORE UPDATE ON attune.rule
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER enforcement_stamp_updated
    BEFORE UPDATE ON attune.enforcement
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER execution_stamp_updated
    BEFORE UPDATE ON attune.execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER workflow_definition_stamp_updated
    BEFORE UPDATE ON attune.workflow_definition
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER workflow_execution_stamp_updated
    BEFORE UPDATE ON attune.workflow_execution
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER inquiry_stamp_updated
    BEFORE UPDATE ON attune.inquiry
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER permission_set_stamp_updated
    BEFORE UPDATE ON attune.permission_set
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER identity_stamp_updated
    BEFORE UPDATE ON attune.identity
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER identity_role_stamp_updated
    BEFORE UPDATE ON attune.identity_role
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER integration_token_stamp_updated
    BEFORE UPDATE ON attune.integration_token
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER policy_stamp_updated
    BEFORE UPDATE ON attune.policy
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER key_stamp_updated
    BEFORE UPDATE ON attune.key
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER artifact_stamp_updated
    BEFORE UPDATE ON attune.artifact
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();

CREATE OR REPLACE TRIGGER pack_config_stamp_updated
    BEFORE UPDATE ON attune.pack_config
    FOR EACH ROW
    EXECUTE FUNCTION attune.stamp_updated();
