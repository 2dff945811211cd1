"""Sessions: the engine, and a transaction with every repository bound to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from attune.db.errors import UNAVAILABLE, translated_errors
from attune.db.repositories.access import AccessRepository
from attune.db.repositories.action import ActionRepository
from attune.db.repositories.admission import AdmissionRepository
from attune.db.repositories.artifact import ArtifactRepository
from attune.db.repositories.artifact_version import ArtifactVersionRepository
from attune.db.repositories.attempt import AttemptRepository
from attune.db.repositories.audit import AuditRepository, act
from attune.db.repositories.dispatch import DispatchRepository
from attune.db.repositories.enforcement import EnforcementRepository
from attune.db.repositories.event import EventRepository
from attune.db.repositories.execution import ExecutionRepository
from attune.db.repositories.identity import (
    IdentityRepository,
    IdentityRoleRepository,
    IntegrationTokenRepository,
)
from attune.db.repositories.inquiry import InquiryRepository
from attune.db.repositories.key import KeyRepository
from attune.db.repositories.login_failure import LoginFailureRepository
from attune.db.repositories.notification import NotificationRepository
from attune.db.repositories.outbox import OutboxRepository
from attune.db.repositories.pack import PackInstallRepository, PackRepository
from attune.db.repositories.permission import (
    PermissionAssignmentRepository,
    PermissionSetRepository,
    PermissionSetRoleRepository,
)
from attune.db.repositories.policy import PolicyRepository
from attune.db.repositories.retention import RetentionRepository
from attune.db.repositories.rule import RuleRepository
from attune.db.repositories.runtime import (
    RuntimeRepository,
    RuntimeVersionRepository,
)
from attune.db.repositories.sealed import SealedRepository
from attune.db.repositories.sensor import SensorRepository
from attune.db.repositories.sensor_hosting import SensorHostingRepository
from attune.db.repositories.sensor_log import SensorLogRepository
from attune.db.repositories.sensor_need import SensorNeedRepository
from attune.db.repositories.sensor_process import SensorProcessRepository
from attune.db.repositories.succession import SuccessionRepository
from attune.db.repositories.timer import TimerRepository
from attune.db.repositories.trigger import TriggerRepository
from attune.db.repositories.waiting import WaitingRepository
from attune.db.repositories.worker import WorkerRepository
from attune.db.repositories.worker_presence import WorkerPresenceRepository
from attune.db.repositories.workflow import (
    WorkflowDefinitionRepository,
    WorkflowExecutionRepository,
)
from attune.db.repositories.workflow_run import WorkflowRunRepository
from attune.db.repositories.workflow_state import WorkflowStateRepository
from attune.db.url import engine_url
from attune.domain.errors import Unavailable

R = TypeVar("R")

STATEMENT_CACHE_SIZE = 500
IDLE_IN_TRANSACTION_SECONDS = 60
LATE_ANSWER_SECONDS = 2.0


class Bound(Generic[R]):
    """A repository that is bound to a transaction when it is first asked for.

    A transaction uses one or two of them, and there are many.
    """

    def __init__(self, repository: Callable[[AsyncSession], R]) -> None:
        self._repository = repository

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn under which name it is found from then on."""
        self._name = name

    def __get__(self, transaction: "Transaction", owner: type) -> R:
        """Bind it."""
        bound = self._repository(transaction.session)
        transaction.__dict__[self._name] = bound
        return bound


class Transaction:
    """The repositories, bound to one transaction."""

    access = Bound(AccessRepository)
    actions = Bound(ActionRepository)
    admissions = Bound(AdmissionRepository)
    artifacts = Bound(ArtifactRepository)
    artifact_versions = Bound(ArtifactVersionRepository)
    attempts = Bound(AttemptRepository)
    audit = Bound(AuditRepository)
    dispatch = Bound(DispatchRepository)
    enforcements = Bound(EnforcementRepository)
    events = Bound(EventRepository)
    executions = Bound(ExecutionRepository)
    identities = Bound(IdentityRepository)
    identity_roles = Bound(IdentityRoleRepository)
    inquiries = Bound(InquiryRepository)
    integration_tokens = Bound(IntegrationTokenRepository)
    keys = Bound(KeyRepository)
    login_failures = Bound(LoginFailureRepository)
    notifications = Bound(NotificationRepository)
    outbox = Bound(OutboxRepository)
    pack_installs = Bound(PackInstallRepository)
    packs = Bound(PackRepository)
    permission_assignments = Bound(PermissionAssignmentRepository)
    permission_set_roles = Bound(PermissionSetRoleRepository)
    permission_sets = Bound(PermissionSetRepository)
    policies = Bound(PolicyRepository)
    retention = Bound(RetentionRepository)
    rules = Bound(RuleRepository)
    runtime_versions = Bound(RuntimeVersionRepository)
    runtimes = Bound(RuntimeRepository)
    sensor_hosting = Bound(SensorHostingRepository)
    sensor_logs = Bound(SensorLogRepository)
    sensor_needs = Bound(SensorNeedRepository)
    sensor_processes = Bound(SensorProcessRepository)
    sealed = Bound(SealedRepository)
    sensors = Bound(SensorRepository)
    succession = Bound(SuccessionRepository)
    timers = Bound(TimerRepository)
    triggers = Bound(TriggerRepository)
    waiting = Bound(WaitingRepository)
    worker_presence = Bound(WorkerPresenceRepository)
    workers = Bound(WorkerRepository)
    workflow_definitions = Bound(WorkflowDefinitionRepository)
    workflow_executions = Bound(WorkflowExecutionRepository)
    workflow_runs = Bound(WorkflowRunRepository)
    workflow_states = Bound(WorkflowStateRepository)

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def flush(self) -> None:
        """Write what was changed on entities, and read back what triggers filled."""
        await self.session.flush()

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside, and only that, if it raises."""
        async with translated_errors(), self.session.begin_nested():
            yield


class Database:
    """Connections to PostgreSQL; one for each process."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout_seconds: float = 30,
        connect_timeout_seconds: float = 4,
    ) -> None:
        self._engine = _engine(
            url, pool_size, statement_timeout_seconds, connect_timeout_seconds
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        at_once = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._statements = async_sessionmaker(at_once, expire_on_commit=False)
        # First come, first served: the pool itself lets newcomers overtake who waits.
        self._turns = asyncio.Semaphore(pool_size)
        self._patience_seconds = connect_timeout_seconds

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commit what is done inside, or nothing of it if it raises."""
        async with self._turn(), translated_errors(), self._sessions.begin() as session:
            await act(session)
            yield Transaction(session)

    @asynccontextmanager
    async def autocommit(self) -> AsyncIterator[Transaction]:
        """Commit each statement by itself, which saves two round trips for one.

        For single statements, and for several of which each may stand alone.
        """
        async with self._turn(), translated_errors(), self._statements() as session:
            yield Transaction(session)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(UNAVAILABLE) from error
        try:
            yield
        finally:
            self._turns.release()

    async def ping(self) -> None:
        """Ask for an answer, or raise Unavailable."""
        async with self.transaction() as tx:
            await tx.session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _engine(
    url: str,
    pool_size: int,
    statement_timeout_seconds: float,
    connect_timeout_seconds: float,
) -> AsyncEngine:
    return create_async_engine(
        engine_url(url),
        # What a statement was given must not reach a log with its failure.
        hide_parameters=True,
        pool_size=pool_size,
        # A request waits for a connection or is refused; a burst makes no new ones.
        max_overflow=0,
        pool_timeout=connect_timeout_seconds,
        # The last one used is the warmest; the others may rest.
        pool_use_lifo=True,
        connect_args={
            "timeout": connect_timeout_seconds,
            # For a server that is frozen and cannot keep its own time limit.
            "command_timeout": statement_timeout_seconds + LATE_ANSWER_SECONDS,
            "prepared_statement_cache_size": STATEMENT_CACHE_SIZE,
            "statement_cache_size": STATEMENT_CACHE_SIZE,
            "server_settings": {
                "application_name": "attune",
                "timezone": "UTC",
                "statement_timeout": f"{round(statement_timeout_seconds * 1000)}",
                "idle_in_transaction_session_timeout": (
                    f"{IDLE_IN_TRANSACTION_SECONDS}s"
                ),
                # Our statements are short; compiling one costs more than it saves.
                "jit": "off",
            },
        },
    )
