"""The services of one API process, made once and shared by its requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import partial

from attune.api.changes import Reaction, follow
from attune.api.delivery import Proxies
from attune.artifacts.files import ArtifactFiles
from attune.config import Settings
from attune.db.database import Database
from attune.db.listener import Listener
from attune.domain.run_link import RunLinks
from attune.domain.sensor import BackOff
from attune.packs.store import PackStore
from attune.security.encryption import Encryption
from attune.security.passwords import Passwords
from attune.security.tokens import Tokens
from attune.services.access import AccessService
from attune.services.action import ActionService
from attune.services.artifact.collect import CollectService
from attune.services.artifact.content import ContentService
from attune.services.artifact.read import ArtifactReadService
from attune.services.artifact.stream import ArtifactStreamService
from attune.services.artifact.sweep import ArtifactSweeper
from attune.services.artifact.version import VersionService
from attune.services.artifact.write import ArtifactWriteService
from attune.services.assignment import AssignmentService
from attune.services.audit import AuditService
from attune.services.auth import AuthRules, AuthService
from attune.services.definitions import Definitions
from attune.services.enforcement import EnforcementService
from attune.services.event.emit import EmitService
from attune.services.event.intake import Intake
from attune.services.event.payload_book import PayloadBook
from attune.services.event.read import EventReadService
from attune.services.event.receive import ReceiveService
from attune.services.event.replay import ReplayService
from attune.services.event.rulebook import Rulebook
from attune.services.event.webhook_book import WebhookBook
from attune.services.execution.attempt import AttemptService
from attune.services.execution.cancel import CancelService
from attune.services.execution.read import ReadService
from attune.services.execution.request import RequestService
from attune.services.execution.rerun import RerunService
from attune.services.execution.stream import StreamService
from attune.services.feed import CHANNELS, ChangeFeed
from attune.services.health import HealthService
from attune.services.identity import IdentityService
from attune.services.identity_directory import IdentityDirectory
from attune.services.inquiry.read import InquiryReadService
from attune.services.inquiry.respond import RespondService
from attune.services.inquiry.write import InquiryWriteService
from attune.services.integration_token import IntegrationTokenService
from attune.services.key import KeyService
from attune.services.login_throttle import LoginThrottle
from attune.services.masks import Masks
from attune.services.notification.follow import FollowService
from attune.services.notification.read import NotificationReadService
from attune.services.notification.stream import NotificationStreamService
from attune.services.notification.tail import CHANNEL, Tail
from attune.services.pack.install import PackInstallService
from attune.services.pack.own_config import PackConfigService
from attune.services.pack.read import PackService
from attune.services.pack.sync import PackWorkflowService
from attune.services.permission_set import PermissionSetService
from attune.services.policy import PolicyService
from attune.services.rule import RuleService
from attune.services.rule_trial import RuleTrialService
from attune.services.runtime import RuntimeService
from attune.services.runtime_catalog import RuntimeCatalogService
from attune.services.sensor.define import SensorService
from attune.services.sensor.log import SensorLogService
from attune.services.sensor.run import SensorRunService
from attune.services.timer.read import TimerService
from attune.services.trigger import TriggerService
from attune.services.webhook import WebhookService
from attune.services.worker import WorkerService
from attune.services.workflow.advance import AdvanceService
from attune.services.workflow.definition import WorkflowService
from attune.services.workflow.pausing import PauseService
from attune.services.workflow.succession import SuccessionService


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every use case that a route can call; one field each, found by its type."""

    access: AccessService
    actions: ActionService
    artifacts: ArtifactReadService
    artifact_contents: ContentService
    artifact_streams: ArtifactStreamService
    artifact_sweeper: ArtifactSweeper
    artifact_versions: VersionService
    artifacts_written: ArtifactWriteService
    assignments: AssignmentService
    attempts: AttemptService
    audit: AuditService
    auth: AuthService
    cancelling: CancelService
    collecting: CollectService
    definitions: Definitions
    emitting: EmitService
    enforcements: EnforcementService
    events: EventReadService
    executing: RequestService
    executions: ReadService
    execution_streams: StreamService
    feed: ChangeFeed
    following: FollowService
    health: HealthService
    identities: IdentityService
    identity_directory: IdentityDirectory
    inquiries: InquiryReadService
    inquiries_asked: InquiryWriteService
    intake: Intake
    keys: KeyService
    integration_tokens: IntegrationTokenService
    links: RunLinks
    notifications: NotificationReadService
    notification_streams: NotificationStreamService
    packs: PackService
    pack_configs: PackConfigService
    pack_installs: PackInstallService
    pack_workflows: PackWorkflowService
    pausing: PauseService
    permission_sets: PermissionSetService
    policies: PolicyService
    proxies: Proxies
    receiving: ReceiveService
    replaying: ReplayService
    rerunning: RerunService
    responding: RespondService
    rulebook: Rulebook
    rules: RuleService
    tail: Tail
    rule_trials: RuleTrialService
    runtime_catalog: RuntimeCatalogService
    runtimes: RuntimeService
    sensors: SensorService
    sensor_logs: SensorLogService
    sensor_runs: SensorRunService
    timers: TimerService
    triggers: TriggerService
    webhooks: WebhookService
    workers: WorkerService
    workflows: WorkflowService

    def by_type(self) -> dict[type, object]:
        """Return the services under their classes."""
        services = (getattr(self, field.name) for field in fields(self))
        return {type(service): service for service in services}


def compose(settings: Settings, database: Database) -> Services:
    """Make the services, each with exactly the values it needs."""
    security = settings.security
    tokens = Tokens(security.jwt_secret.get_secret_value())
    passwords = Passwords()
    throttle = LoginThrottle(
        database, security.login_attempt_limit, security.login_window_seconds
    )
    auth_rules = AuthRules(
        access_lifetime=timedelta(seconds=security.access_token_seconds),
        refresh_lifetime=timedelta(seconds=security.refresh_token_seconds),
        allow_self_registration=security.allow_self_registration,
    )
    worker_lifetime = timedelta(seconds=security.worker_token_seconds)
    encryption = Encryption.of_secrets(
        security.encryption_key, security.previous_encryption_keys
    )
    feed, rulebook = ChangeFeed(), Rulebook()
    webhook_book, payload_book = WebhookBook(encryption), PayloadBook()
    definitions = Definitions(rulebook, webhook_book, payload_book)
    intake = Intake(rulebook, encryption, payload_book)
    executions = ReadService(database, encryption)
    store = PackStore(settings.packs_base_dir)
    files, masks = ArtifactFiles(settings.artifacts_dir), Masks(encryption)
    artifacts = ArtifactReadService(database, files)
    access, tail = AccessService(database, tokens), Tail(database)
    advancing = AdvanceService(
        database, encryption, max_task_runs=settings.orchestrator.max_task_runs
    )
    kept_days = settings.retention.notification_days
    following = FollowService(
        database,
        access,
        tail,
        most_followers=settings.notifier.max_connections,
        kept=None if kept_days is None else timedelta(days=kept_days),
    )
    return Services(
        access=access,
        actions=ActionService(database, definitions),
        artifacts=artifacts,
        artifact_contents=ContentService(artifacts, files),
        artifact_streams=ArtifactStreamService(database, feed, artifacts, files),
        artifact_sweeper=ArtifactSweeper(database, files),
        artifact_versions=VersionService(
            database,
            files,
            masks,
            file_limit_bytes=settings.server.max_artifact_bytes,
        ),
        artifacts_written=ArtifactWriteService(database, masks),
        assignments=AssignmentService(database),
        attempts=AttemptService(
            database,
            encryption,
            tokens,
            token_grace=timedelta(seconds=security.execution_token_grace_seconds),
            succession=SuccessionService(database, advancing),
        ),
        cancelling=CancelService(database),
        collecting=CollectService(
            database, files, file_limit_bytes=settings.server.max_artifact_bytes
        ),
        definitions=definitions,
        emitting=EmitService(
            database, intake, masks, most=settings.server.max_batch_events
        ),
        enforcements=EnforcementService(database, encryption),
        events=EventReadService(database),
        executing=RequestService(database, encryption),
        executions=executions,
        execution_streams=StreamService(database, feed, executions),
        feed=feed,
        following=following,
        notifications=NotificationReadService(database),
        notification_streams=NotificationStreamService(following),
        tail=tail,
        intake=intake,
        keys=KeyService(database, encryption),
        packs=PackService(database, store, definitions, encryption),
        pack_configs=PackConfigService(database, definitions, encryption),
        pack_installs=PackInstallService(database, store, definitions, encryption),
        pack_workflows=PackWorkflowService(database, store, definitions),
        pausing=PauseService(database),
        rerunning=RerunService(database, encryption),
        responding=RespondService(database),
        inquiries=InquiryReadService(database),
        inquiries_asked=InquiryWriteService(database, masks),
        links=RunLinks(settings.temporal.ui_url, settings.temporal.namespace),
        proxies=Proxies(settings.server.trusted_proxies),
        receiving=ReceiveService(database, intake, webhook_book),
        replaying=ReplayService(database, intake),
        policies=PolicyService(database),
        rulebook=rulebook,
        rules=RuleService(database, definitions, encryption),
        rule_trials=RuleTrialService(database, encryption),
        runtime_catalog=RuntimeCatalogService(database),
        runtimes=RuntimeService(database, definitions),
        sensors=SensorService(database, encryption),
        sensor_logs=SensorLogService(database),
        sensor_runs=SensorRunService(
            database,
            encryption,
            tokens,
            intake,
            token_lifetime=timedelta(seconds=security.sensor_token_seconds),
            back_off=_back_off(settings),
        ),
        timers=TimerService(database),
        triggers=TriggerService(database, definitions),
        webhooks=WebhookService(database, definitions, encryption),
        audit=AuditService(database),
        auth=AuthService(database, tokens, passwords, auth_rules, throttle),
        health=HealthService(database),
        identities=IdentityService(database, passwords, throttle),
        identity_directory=IdentityDirectory(database, passwords),
        integration_tokens=IntegrationTokenService(database),
        permission_sets=PermissionSetService(database),
        workers=WorkerService(database, tokens, worker_lifetime),
        workflows=WorkflowService(database, definitions),
    )


def _back_off(settings: Settings) -> BackOff:
    return BackOff(
        first_seconds=settings.sensors.first_pause_seconds,
        longest_seconds=settings.sensors.longest_pause_seconds,
        well_after_seconds=settings.sensors.well_after_seconds,
    )


def _forget_permissions(services: Services) -> None:
    """Ask anew what people may do, and with it what rules may do for them."""
    services.access.forget()
    services.definitions.forget()


@asynccontextmanager
async def running_services(settings: Settings) -> AsyncIterator[Services]:
    """Open the database, make the services, hear of changes, and close in the end."""
    url = settings.database.url.get_secret_value()
    database = Database(
        url,
        pool_size=settings.database.pool_size,
        statement_timeout_seconds=settings.database.statement_timeout_seconds,
        connect_timeout_seconds=settings.database.connect_timeout_seconds,
    )
    services = compose(settings, database)
    reactions: dict[str, Reaction] = {
        "attune_permissions": partial(_forget_permissions, services),
        "attune_definitions": services.definitions.forget,
        CHANNEL: services.tail.wake,
    }
    try:
        async with (
            follow(Listener(url, list(reactions)), reactions),
            services.feed.following(Listener(url, CHANNELS)),
            services.tail.running(),
            services.artifact_sweeper.sweeping(settings.retention.sweep_seconds),
        ):
            yield services
    finally:
        await database.close()
