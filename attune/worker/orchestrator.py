"""The orchestrator process: all workflows, the database activities and the dispatcher."""

import asyncio
import logging
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.execution import ExecutionActivities
from activities.sensor import SensorRecordActivities
from activities.timer import TimerActivities
from activities.workflow import WorkflowActivities
from attune.config import Settings
from attune.db.database import Database
from attune.db.listener import Listener
from attune.messages.names import ORCHESTRATION_QUEUE
from attune.security.encryption import Encryption
from attune.services.admission import AdmissionService
from attune.services.dispatch import DispatchService
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.execution.reconcile import ReconcileService
from attune.services.execution.settle import SettleService
from attune.services.inquiry.expire import ExpiryService
from attune.services.inquiry.open import OpenService
from attune.services.retention import Kept, RetentionService
from attune.services.sensor.keep import SensorKeepService
from attune.services.timer.alarm import AlarmService
from attune.services.timer.fire import FireService
from attune.services.workflow.advance import AdvanceService
from attune.temporal.client import connect_patiently
from attune.temporal.failures import FailureTranslation
from attune.temporal.gateway import Gateway
from attune.temporal.timer_gateway import TimerGateway
from attune.worker.admission import Admission
from attune.worker.connection import temporal_address
from attune.worker.deadlines import Deadlines
from attune.worker.dispatcher import CHANNEL, Dispatcher
from attune.worker.housekeeper import Housekeeper
from attune.worker.reconciler import Reconciler
from attune.worker.sensor_keeper import CHANNELS as SENSOR_CHANNELS
from attune.worker.sensor_keeper import SensorKeeper
from attune.worker.shutdown import serve_until_stopped
from attune.worker.timers import Timers
from workflows.execution import ExecutionWorkflow
from workflows.sensor import SensorWorkflow
from workflows.timer import TimerWorkflow
from workflows.workflow import PackWorkflow

logger = logging.getLogger(__name__)

Records = tuple[
    ExecutionActivities, WorkflowActivities, SensorRecordActivities, TimerActivities
]
"""The database's side of what the workflows order."""

WORKFLOW_FAILURES = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
)
"""What fails a workflow instead of its task.

Not `Exception`: that includes the nondeterminism error, and one bad deploy would fail
every running workflow.
"""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    serve_until_stopped(_serve(settings))


async def _serve(settings: Settings) -> None:
    database = Database(
        settings.database.url.get_secret_value(),
        pool_size=settings.database.pool_size,
        statement_timeout_seconds=settings.database.statement_timeout_seconds,
        connect_timeout_seconds=settings.database.connect_timeout_seconds,
    )
    try:
        client = await connect_patiently(temporal_address(settings))
        await _run_parts(settings, database, client)
    finally:
        await database.close()


async def _run_parts(settings: Settings, database: Database, client: Client) -> None:
    settling = SettleService(database, _intake(settings))
    gateway = Gateway(client)
    dispatch = DispatchService(
        database, settling, batch_size=settings.temporal.hosting_batch_size
    )
    look_seconds = settings.orchestrator.poll_interval_seconds
    admission = Admission(AdmissionService(database), look_seconds=look_seconds)
    dispatcher = Dispatcher(
        dispatch,
        gateway,
        Listener(settings.database.url.get_secret_value(), [CHANNEL]),
        admission,
        look_seconds=look_seconds,
    )
    deadlines = Deadlines(ExpiryService(database))
    keeping = SensorKeepService(database)
    keeper = SensorKeeper(
        keeping,
        gateway,
        Listener(settings.database.url.get_secret_value(), SENSOR_CHANNELS),
        look_seconds=look_seconds,
    )
    reconciler = Reconciler(ReconcileService(database, settling), gateway)
    timers = Timers(
        AlarmService(database),
        TimerGateway(client),
        Listener(settings.database.url.get_secret_value(), [CHANNEL]),
        look_seconds=look_seconds,
    )
    async with (
        _temporal_worker(settings, client, _records(settings, database, settling)),
        asyncio.TaskGroup() as group,
    ):
        group.create_task(dispatcher.run())
        group.create_task(admission.run())
        group.create_task(deadlines.run())
        group.create_task(reconciler.run())
        group.create_task(_housekeeper(settings, database).run())
        group.create_task(keeper.run())
        group.create_task(timers.run())
        logger.info("orchestrator serves")


def _housekeeper(settings: Settings, database: Database) -> Housekeeper:
    kept = settings.retention
    ages = Kept(
        notifications=_days(kept.notification_days),
        logs=_days(kept.log_days),
        executions=_days(kept.execution_days),
        enforcements=_days(kept.enforcement_days),
        events=_days(kept.event_days),
        audit=_days(kept.audit_days),
    )
    retention = RetentionService(database, ages, batch_size=kept.batch_size)
    return Housekeeper(retention, every_seconds=kept.sweep_seconds)


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _records(
    settings: Settings, database: Database, settling: SettleService
) -> Records:
    advancing = AdvanceService(
        database,
        _encryption(settings),
        max_task_runs=settings.orchestrator.max_task_runs,
    )
    return (
        ExecutionActivities(settling, OpenService(database)),
        WorkflowActivities(advancing),
        SensorRecordActivities(SensorKeepService(database)),
        TimerActivities(FireService(database, _encryption(settings))),
    )


def _intake(settings: Settings) -> Intake:
    """Alerts are rare, so the rules for them are read anew each time."""
    return Intake(Rulebook(remembers=False), _encryption(settings))


def _encryption(settings: Settings) -> Encryption:
    security = settings.security
    return Encryption.of_secrets(
        security.encryption_key, security.previous_encryption_keys
    )


def _temporal_worker(
    settings: Settings,
    client: Client,
    records: Records,
) -> Worker:
    executions, packs, sensors, timers = records
    return Worker(
        client,
        task_queue=ORCHESTRATION_QUEUE,
        workflows=[ExecutionWorkflow, PackWorkflow, SensorWorkflow, TimerWorkflow],
        activities=[
            executions.settle,
            executions.pause,
            executions.open_inquiry,
            packs.advance,
            sensors.order_sensor,
            timers.fire,
        ],
        # The sandbox imports our modules anew for each run, which was measured at a
        # third of this process's time. Lint bans what it would catch, and the tests
        # and the replays run inside it.
        workflow_runner=UnsandboxedWorkflowRunner(),
        no_remote_activities=True,
        interceptors=[FailureTranslation()],
        max_concurrent_workflow_tasks=settings.orchestrator.max_workflow_tasks,
        workflow_failure_exception_types=WORKFLOW_FAILURES,
        graceful_shutdown_timeout=timedelta(
            seconds=settings.orchestrator.shutdown_grace_seconds
        ),
    )
