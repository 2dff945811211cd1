-- The closed sets of the domain.

CREATE TYPE attune.artifact_body_state_enum AS ENUM (
    'pending',
    'ready',
    'cleanup_claimed',
    'deleting'
);

CREATE TYPE attune.artifact_classification_enum AS ENUM ('general', 'runtime_log');

CREATE TYPE attune.artifact_type_enum AS ENUM (
    'file_binary',
    'file_datatable',
    'file_image',
    'file_text',
    'url',
    'progress',
    'other'
);

CREATE TYPE attune.artifact_visibility_enum AS ENUM ('private', 'public');

CREATE TYPE attune.enforcement_condition_enum AS ENUM ('any', 'all');

CREATE TYPE attune.enforcement_status_enum AS ENUM ('created', 'processed', 'disabled');

CREATE TYPE attune.execution_status_enum AS ENUM (
    'requested',
    'scheduling',
    'scheduled',
    'running',
    'completed',
    'failed',
    'canceling',
    'cancelled',
    'timeout',
    'abandoned'
);

CREATE TYPE attune.inquiry_status_enum AS ENUM (
    'pending',
    'responded',
    'timeout',
    'cancelled'
);

CREATE TYPE attune.install_status_enum AS ENUM (
    'pending',
    'running',
    'completed',
    'failed'
);

CREATE TYPE attune.notification_state_enum AS ENUM (
    'created',
    'queued',
    'processing',
    'error'
);

CREATE TYPE attune.on_worker_loss_enum AS ENUM ('abandon', 'rerun');

CREATE TYPE attune.output_format_enum AS ENUM ('text', 'json', 'yaml', 'jsonl');

CREATE TYPE attune.owner_type_enum AS ENUM (
    'system',
    'identity',
    'pack',
    'action',
    'sensor'
);

CREATE TYPE attune.parameter_delivery_enum AS ENUM ('stdin', 'file');

CREATE TYPE attune.parameter_format_enum AS ENUM ('json', 'dotenv', 'yaml');

CREATE TYPE attune.policy_method_enum AS ENUM ('cancel', 'enqueue');

CREATE TYPE attune.policy_scope_enum AS ENUM ('action', 'pack', 'global');

CREATE TYPE attune.reference_visibility_enum AS ENUM (
    'private',
    'public',
    'restricted'
);

CREATE TYPE attune.retention_policy_type_enum AS ENUM (
    'versions',
    'days',
    'hours',
    'minutes'
);

CREATE TYPE attune.worker_role_enum AS ENUM ('action', 'sensor');

CREATE TYPE attune.worker_status_enum AS ENUM ('active', 'inactive', 'busy', 'error');

CREATE TYPE attune.worker_type_enum AS ENUM ('local', 'remote', 'container');
