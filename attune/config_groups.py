"""The settings in their groups: names, types, defaults, and what each means."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from attune.config_fields import (
    Bytes,
    Count,
    DatabaseUrl,
    Days,
    Directory,
    Networks,
    NotGiven,
    Port,
    Seconds,
    Secret,
    Secrets,
    Words,
)


class LogLevel(StrEnum):
    """The least severe message that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    JSON = "json"
    TEXT = "text"


class Group(BaseModel):
    """Settings that belong together; an unknown name is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class ServerSettings(Group):
    """The API process."""

    host: str = "127.0.0.1"
    """Address the API listens on."""

    port: Port = 8080
    """Port the API listens on."""

    max_body_bytes: Bytes = 1_000_000
    """Largest request body, in bytes, except uploads."""

    max_upload_bytes: Bytes = 100_000_000
    """Largest uploaded pack, or result of an action, in bytes."""

    max_artifact_bytes: Bytes = 5_000_000_000
    """Largest uploaded file of an artifact, in bytes."""

    max_batch_events: Count = 1_000
    """Most events that one request may emit."""

    trusted_proxies: Networks = []
    """Addresses or networks whose X-Forwarded-For is believed, separated by commas."""

    shutdown_grace_seconds: Seconds = 10
    """Seconds that open requests get to end when the API stops."""


class DatabaseSettings(Group):
    """PostgreSQL."""

    url: DatabaseUrl = NotGiven("database.url")
    """URL of the database, with user and password; needed by API, orchestrator, migrate."""

    pool_size: Count = 10
    """Connections that one process keeps."""

    statement_timeout_seconds: Seconds = 30
    """Seconds after which PostgreSQL ends a statement of ours."""

    connect_timeout_seconds: Seconds = 4
    """Seconds to wait for a connection before a request is refused."""


class TemporalSettings(Group):
    """Temporal."""

    address: str = "127.0.0.1:7233"
    """Host and port of the Temporal frontend."""

    namespace: str = "default"
    """Namespace that holds our workflows."""

    tls: bool = False
    """Speak TLS to Temporal."""

    api_key: SecretStr | None = None
    """API key for Temporal, when the server asks for one."""

    ui_url: str = "http://127.0.0.1:8233"
    """URL of the Temporal Web UI, for links to runs."""

    hosting_batch_size: Annotated[int, Field(ge=1, le=100)] = 25
    """Most executions that one workflow run hosts when much waits."""


class SecuritySettings(Group):
    """Keys, tokens and logins."""

    jwt_secret: Secret = NotGiven("security.jwt_secret")
    """Key that signs access tokens, at least 32 characters; has no default."""

    encryption_key: Secret = NotGiven("security.encryption_key")
    """Key that encrypts stored secrets, at least 32 characters; has no default."""

    previous_encryption_keys: Secrets = []
    """Further keys that decrypt what was encrypted with them, separated by commas."""

    allow_self_registration: bool = False
    """Let anybody create an identity with /auth/register."""

    access_token_seconds: Seconds = 3600
    """Lifetime of an access token, in seconds."""

    refresh_token_seconds: Seconds = 604_800
    """Lifetime of a refresh token, in seconds."""

    worker_token_seconds: Seconds = 86_400
    """Lifetime of a worker's token, in seconds; the API renews it in time."""

    sensor_token_seconds: Seconds = 86_400
    """Lifetime of a sensor's token, in seconds; it is renewed after half of it."""

    execution_token_grace_seconds: Seconds = 60
    """Seconds an execution's token outlives the execution's time limit."""

    login_attempt_limit: Count = 10
    """Failed logins of one name within the window before more are refused."""

    login_window_seconds: Seconds = 300
    """Length of the window in which failed logins are counted, in seconds."""


class WorkerSettings(Group):
    """The worker process, which runs user code and holds no database credential."""

    name: str | None = None
    """Name the worker registers under; the host name when not given."""

    token: SecretStr | None = None
    """Worker token, as printed by `attune worker-token`."""

    token_file: Directory | None = None
    """File that holds the worker token, instead of `token`."""

    api_url: str = "http://127.0.0.1:8080"
    """Base URL of the API as the worker reaches it."""

    max_concurrent: Count = 16
    """Executions that run at the same time."""

    max_concurrent_sensors: Annotated[int, Field(ge=0)] = 20
    """Sensors that are hosted at the same time; 0 hosts none."""

    notifier_ws_url: str | None = None
    """URL of `/ws` as sensors reach it; made from `api_url` when not given."""

    allow_insecure_notifier_ws: bool = False
    """Let sensors speak to a `ws://` URL that is not on this machine."""

    heartbeat_seconds: Seconds = 2
    """Seconds between two heartbeats to the API."""

    shared_packs_dir: Directory | None = None
    """Directory with the API's packs, when the worker can read it; else bundles are fetched."""

    shares_artifacts: bool = True
    """Whether `artifacts_dir` is the API's; else files are uploaded when actions end."""

    state_dir: Directory = Path("/var/lib/attune/worker")
    """Directory for unpacked bundles and what else a worker keeps."""

    max_output_bytes: Bytes = 10_000_000
    """Most bytes kept of each output stream of an execution."""

    kill_grace_seconds: Seconds = 5
    """Seconds between SIGTERM and SIGKILL for an action's processes."""

    sensor_grace_seconds: Seconds = 10
    """Seconds between SIGTERM and SIGKILL for a sensor's processes."""

    shutdown_grace_seconds: Seconds = 30
    """Seconds that running actions get to end when the worker stops."""


class OrchestratorSettings(Group):
    """The orchestrator process: workflows, database activities and the dispatcher."""

    max_workflow_tasks: Count = 50
    """Workflow tasks handled at the same time."""

    poll_interval_seconds: Seconds = 2
    """Seconds after which the dispatcher looks by itself, without a wake-up."""

    max_task_runs: Count = 10_000
    """Runs of a task in one execution, the same for the API; more are an endless loop."""

    shutdown_grace_seconds: Seconds = 10
    """Seconds that open activities get to end when the orchestrator stops."""


class SensorSettings(Group):
    """Sensors that fail."""

    first_pause_seconds: Seconds = 5
    """Seconds before a sensor that failed is started again; doubled each time."""

    longest_pause_seconds: Seconds = 300
    """Most seconds before a sensor that failed is started again."""

    well_after_seconds: Seconds = 60
    """Seconds after which a running sensor counts as well, and its failures as over."""


class NotifierSettings(Group):
    """Followers of notifications: the WebSocket and the streams of the API."""

    port: Port | None = None
    """Second port of the API, for clients that look for the notifier at one of its own."""

    max_connections: Count = 50
    """Sockets and streams that one identity may have open at one API process."""

    max_subscriptions: Count = 100
    """Filters that one socket may have."""

    max_message_bytes: Bytes = 16_384
    """Largest message that a socket may send, in bytes."""

    messages_per_second: Count = 20
    """Messages that a socket may send a second; ten times as many at once after a rest."""

    send_timeout_seconds: Seconds = 10
    """Seconds after which a reader that does not take its message is dropped."""

    check_seconds: Annotated[Seconds, Field(le=30)] = 15
    """Seconds after which the token of a silent follower is looked at again."""

    allowed_origins: Words = []
    """Origins of pages that may connect besides the API's own, separated by commas."""


class RetentionSettings(Group):
    """How long what grows by itself is kept; empty is for ever."""

    notification_days: Days | None = 7
    """Days that notifications are kept, for followers that come back."""

    log_days: Days | None = None
    """Days that the output of an execution is kept after its end."""

    execution_days: Days | None = None
    """Days that an execution is kept after its end, with all that it started."""

    enforcement_days: Days | None = None
    """Days that enforcements are kept."""

    event_days: Annotated[Days, Field(ge=3)] | None = None
    """Days that events are kept, three at least: so long a key may be repeated."""

    audit_days: Days | None = None
    """Days that the audit trail goes back."""

    sweep_seconds: Seconds = 300
    """Seconds between two looks at what is old enough."""

    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Rows that one transaction looks at and removes at most."""


class LoggingSettings(Group):
    """What is logged, and how."""

    level: LogLevel = LogLevel.INFO
    """Least severe message that is written."""

    format: LogFormat = LogFormat.JSON
    """`json` for machines, `text` for people."""
