"""What a route asks for by type: who calls, and which service does the work."""

from typing import Annotated, Any

from fastapi import Depends, Request

from attune.api.access import (
    AccessToken,
    Anybody,
    AnyToken,
    WorkerToken,
    bearer_token,
)
from attune.api.delivery import Proxies
from attune.domain.permission import Caller
from attune.domain.run_link import RunLinks
from attune.services.action import ActionService
from attune.services.artifact.collect import CollectService
from attune.services.artifact.content import ContentService
from attune.services.artifact.read import ArtifactReadService
from attune.services.artifact.stream import ArtifactStreamService
from attune.services.artifact.version import VersionService
from attune.services.artifact.write import ArtifactWriteService
from attune.services.assignment import AssignmentService
from attune.services.audit import AuditService
from attune.services.auth import AuthService
from attune.services.enforcement import EnforcementService
from attune.services.event.emit import EmitService
from attune.services.event.read import EventReadService
from attune.services.event.receive import ReceiveService
from attune.services.event.replay import ReplayService
from attune.services.execution.attempt import AttemptService
from attune.services.execution.cancel import CancelService
from attune.services.execution.read import ReadService
from attune.services.execution.request import RequestService
from attune.services.execution.rerun import RerunService
from attune.services.execution.stream import StreamService
from attune.services.health import HealthService
from attune.services.identity import IdentityService
from attune.services.identity_directory import IdentityDirectory
from attune.services.inquiry.read import InquiryReadService
from attune.services.inquiry.respond import RespondService
from attune.services.inquiry.write import InquiryWriteService
from attune.services.integration_token import IntegrationTokenService
from attune.services.key import KeyService
from attune.services.notification.read import NotificationReadService
from attune.services.notification.stream import NotificationStreamService
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
from attune.services.workflow.definition import WorkflowService
from attune.services.workflow.pausing import PauseService

Authenticated = Annotated[Caller, Depends(AnyToken())]
"""Any identity, execution or sensor; the service decides what it may see."""

SignedIn = Annotated[Caller, Depends(AccessToken())]
"""Somebody with an access token of their own."""

WorkerCaller = Annotated[Caller, Depends(WorkerToken())]
"""A worker, on the internal routes."""

BearerToken = Annotated[str, Depends(bearer_token)]
"""The token itself, for what has to ask again and again whether it is still good."""

PUBLIC = Depends(Anybody())
"""For the decorator of a route that everybody may call: `dependencies=[PUBLIC]`."""


def provided(service: type) -> Any:
    """Return the dependency that yields the process's service of this class."""

    async def provide(request: Request) -> object:
        return request.app.state.by_type[service]

    return Depends(provide)


ArtifactContents = Annotated[ContentService, provided(ContentService)]
ArtifactReading = Annotated[ArtifactReadService, provided(ArtifactReadService)]
ArtifactStreams = Annotated[ArtifactStreamService, provided(ArtifactStreamService)]
ArtifactVersions = Annotated[VersionService, provided(VersionService)]
ArtifactWriting = Annotated[ArtifactWriteService, provided(ArtifactWriteService)]
Collecting = Annotated[CollectService, provided(CollectService)]
Auditing = Annotated[AuditService, provided(AuditService)]
Auth = Annotated[AuthService, provided(AuthService)]
Assignments = Annotated[AssignmentService, provided(AssignmentService)]
IdentityEntries = Annotated[IdentityDirectory, provided(IdentityDirectory)]
IntegrationTokens = Annotated[
    IntegrationTokenService, provided(IntegrationTokenService)
]
PermissionSets = Annotated[PermissionSetService, provided(PermissionSetService)]
Identities = Annotated[IdentityService, provided(IdentityService)]
HealthChecks = Annotated[HealthService, provided(HealthService)]
Workers = Annotated[WorkerService, provided(WorkerService)]
Executing = Annotated[RequestService, provided(RequestService)]
Executions = Annotated[ReadService, provided(ReadService)]
ExecutionStreams = Annotated[StreamService, provided(StreamService)]
Pausing = Annotated[PauseService, provided(PauseService)]
Rerunning = Annotated[RerunService, provided(RerunService)]
Cancelling = Annotated[CancelService, provided(CancelService)]
Attempts = Annotated[AttemptService, provided(AttemptService)]
Links = Annotated[RunLinks, provided(RunLinks)]
CatalogOfRuntimes = Annotated[RuntimeCatalogService, provided(RuntimeCatalogService)]
Packs = Annotated[PackService, provided(PackService)]
PackConfigs = Annotated[PackConfigService, provided(PackConfigService)]
PackInstalls = Annotated[PackInstallService, provided(PackInstallService)]
PackWorkflows = Annotated[PackWorkflowService, provided(PackWorkflowService)]
Runtimes = Annotated[RuntimeService, provided(RuntimeService)]
Actions = Annotated[ActionService, provided(ActionService)]
Workflows = Annotated[WorkflowService, provided(WorkflowService)]
Sensors = Annotated[SensorService, provided(SensorService)]
SensorLogStore = Annotated[SensorLogService, provided(SensorLogService)]
SensorRuns = Annotated[SensorRunService, provided(SensorRunService)]
Timers = Annotated[TimerService, provided(TimerService)]
Triggers = Annotated[TriggerService, provided(TriggerService)]
Webhooks = Annotated[WebhookService, provided(WebhookService)]
Receiving = Annotated[ReceiveService, provided(ReceiveService)]
KnownProxies = Annotated[Proxies, provided(Proxies)]
Inquiries = Annotated[InquiryReadService, provided(InquiryReadService)]
AskedInquiries = Annotated[InquiryWriteService, provided(InquiryWriteService)]
Responding = Annotated[RespondService, provided(RespondService)]
Policies = Annotated[PolicyService, provided(PolicyService)]
Keys = Annotated[KeyService, provided(KeyService)]
Rules = Annotated[RuleService, provided(RuleService)]
RuleTrials = Annotated[RuleTrialService, provided(RuleTrialService)]
Emitting = Annotated[EmitService, provided(EmitService)]
Replaying = Annotated[ReplayService, provided(ReplayService)]
Events = Annotated[EventReadService, provided(EventReadService)]
Notifications = Annotated[NotificationReadService, provided(NotificationReadService)]
NotificationStreams = Annotated[
    NotificationStreamService, provided(NotificationStreamService)
]
Enforcements = Annotated[EnforcementService, provided(EnforcementService)]
