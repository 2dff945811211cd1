"""What each route needs, and so what each kind of token is answered there.

Written by hand, from the contract and from what the permission sets are there for, so
that a route which asks for something else is a mistake in one of the two. A new route
fails the tests until it has a row; `python -m tests.integration.api.access_page` then
writes docs/access-table.md anew.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What a request may carry, in the order of the columns."""

    NONE = "none"
    GARBAGE = "garbage"
    EXPIRED = "expired"
    REFRESH = "refresh"
    VIEWER = "viewer"
    EXECUTOR = "executor"
    EDITOR = "editor"
    ADMIN = "admin"
    OTHER = "other owner"
    EXECUTION = "execution"
    SENSOR = "sensor"
    WORKER = "worker"


STRANGERS: Final = (Kind.NONE, Kind.GARBAGE, Kind.EXPIRED, Kind.REFRESH)
CODE: Final = {Kind.EXECUTION, Kind.SENSOR}
"""Tokens of programs. That of an execution is one without permission sets."""

PUBLIC: Final = "public"
"""Everybody, with or without a token."""
ANYONE: Final = "anyone"
"""Every identity, execution and sensor; what they are shown depends on who they are."""
PERSON: Final = "person"
"""Whoever logged in; programs may not."""
INTERNAL: Final = "worker"
"""Workers, which enter nothing else."""

GRANTS: Final[Mapping[Kind, str]] = {
    Kind.VIEWER: """
        packs:read actions:read queues:read rules:read triggers:read executions:read
        events:read enforcements:read inquiries:read keys:read artifacts:read
        runtimes:read workers:read
    """,
    Kind.EXECUTOR: """
        packs:read actions:read,execute rules:read triggers:read executions:read,cancel
        events:read enforcements:read inquiries:read,respond keys:read artifacts:read
        runtimes:read workers:read
    """,
    Kind.EDITOR: """
        packs:read,create,install,configure actions:read,create,update,execute
        queues:read,create,update,delete rules:read,create,update,delete
        triggers:read,create,update,delete executions:read,update,cancel
        events:read,create enforcements:read inquiries:read,create,respond
        keys:read,create,update,decrypt artifacts:read runtimes:read,create,update
        workers:read
    """,
    Kind.ADMIN: """
        packs:read,create,install,configure,update,delete
        actions:read,create,update,delete,execute queues:read,create,update,delete
        rules:read,create,update,delete triggers:read,create,update,delete
        executions:read,create,update,cancel events:read,create
        enforcements:read,update inquiries:read,create,update,delete,respond
        keys:read,create,update,delete,decrypt artifacts:read,create,update,delete
        runtimes:read,create,update,delete workers:read,manage retention:read,update
        identities:read,create,update,delete
        permissions:read,create,update,delete,manage audit_log:read
    """,
    Kind.OTHER: """
        packs:read,create,install,configure,update,delete
        actions:read,create,update,delete,execute rules:read,create,update,delete
        triggers:read,create,update,delete executions:read,create,update,cancel
        events:read,create enforcements:read,update
        inquiries:read,create,update,delete,respond
        keys:read,create,update,delete,decrypt artifacts:read,create,update,delete
        runtimes:read,create,update,delete
    """,
    Kind.EXECUTION: "executions:read inquiries:read,create events:create",
    Kind.SENSOR: "events:create triggers:read rules:read",
}
"""What each kind holds: the default permission sets, and what is a program's own."""

ROWS: Final = """
GET    /health                                                                 public
GET    /health/detailed                                                        public
GET    /health/live                                                            public
GET    /health/ready                                                           public
GET    /auth/callback                                                          public
POST   /auth/change-password                                                   person
POST   /auth/ldap/login                                                        public
POST   /auth/login                                                             public
GET    /auth/logout                                                            public
GET    /auth/me                                                                anyone
PUT    /auth/me                                                                person
GET    /auth/oidc/login                                                        public
POST   /auth/refresh                                                           public
POST   /auth/register                                                          public
GET    /auth/settings                                                          public
POST   /auth/token-login                                                       public
GET    /api/v1/actions                                                         actions:read
POST   /api/v1/actions                                                         actions:create
GET    /api/v1/actions/search                                                  actions:read
GET    /api/v1/actions/{action_ref}/policies                                   actions:read
GET    /api/v1/actions/{action_ref}/rules                                      rules:read
GET    /api/v1/actions/{ref}                                                   actions:read
PUT    /api/v1/actions/{ref}                                                   actions:update
DELETE /api/v1/actions/{ref}                                                   actions:delete
GET    /api/v1/actions/{ref}/queue-stats                                       actions:read
GET    /api/v1/artifacts                                                       artifacts:read
POST   /api/v1/artifacts                                                       artifacts:create
GET    /api/v1/artifacts/ref/{ref}                                             artifacts:read
POST   /api/v1/artifacts/ref/{ref}/versions/file                               artifacts:create
POST   /api/v1/artifacts/ref/{ref}/versions/upload                             artifacts:create
GET    /api/v1/artifacts/{artifact_id}                                         artifacts:read
PUT    /api/v1/artifacts/{artifact_id}                                         artifacts:update
DELETE /api/v1/artifacts/{artifact_id}                                         artifacts:delete
PUT    /api/v1/artifacts/{artifact_id}/data                                    artifacts:update
GET    /api/v1/artifacts/{artifact_id}/download                                artifacts:read
POST   /api/v1/artifacts/{artifact_id}/progress                                artifacts:update
GET    /api/v1/artifacts/{artifact_id}/stream                                  artifacts:read
GET    /api/v1/artifacts/{artifact_id}/versions                                artifacts:read
POST   /api/v1/artifacts/{artifact_id}/versions                                artifacts:update
POST   /api/v1/artifacts/{artifact_id}/versions/file                           artifacts:update
GET    /api/v1/artifacts/{artifact_id}/versions/latest                         artifacts:read
POST   /api/v1/artifacts/{artifact_id}/versions/upload                         artifacts:update
GET    /api/v1/artifacts/{artifact_id}/versions/{version}                      artifacts:read
DELETE /api/v1/artifacts/{artifact_id}/versions/{version}                      artifacts:delete
GET    /api/v1/artifacts/{artifact_id}/versions/{version}/download             artifacts:read
GET    /api/v1/audit-events                                                    audit_log:read
GET    /api/v1/audit-events/by-request/{request_id}                            audit_log:read
GET    /api/v1/audit-events/{event_id}                                         audit_log:read
GET    /api/v1/enforcements                                                    enforcements:read
GET    /api/v1/enforcements/{enforcement_id}/executions                        executions:read
GET    /api/v1/enforcements/{id}                                               enforcements:read
GET    /api/v1/events                                                          events:read
POST   /api/v1/events                                                          events:create
POST   /api/v1/events/batch                                                    events:create
GET    /api/v1/events/{id}                                                     events:read
POST   /api/v1/events/{id}/replay                                              events:create
GET    /api/v1/executions                                                      executions:read
POST   /api/v1/executions/execute                                              actions:execute
GET    /api/v1/executions/stats                                                executions:read
GET    /api/v1/executions/status/{status}                                      executions:read
GET    /api/v1/executions/stream                                               executions:read
GET    /api/v1/executions/{execution_id}                                       executions:read
GET    /api/v1/executions/{execution_id}/artifacts                             artifacts:read
POST   /api/v1/executions/{execution_id}/cancel                                executions:cancel
GET    /api/v1/executions/{execution_id}/inquiries                             anyone
GET    /api/v1/executions/{execution_id}/logs/{stream_name}                    executions:read
GET    /api/v1/executions/{execution_id}/logs/{stream_name}/stream             executions:read
POST   /api/v1/executions/{execution_id}/pause                                 executions:cancel
POST   /api/v1/executions/{execution_id}/rerun                                 actions:execute
POST   /api/v1/executions/{execution_id}/resume                                executions:cancel
GET    /api/v1/executions/{execution_id}/tasks                                 executions:read
GET    /api/v1/identities                                                      identities:read
POST   /api/v1/identities                                                      identities:create
DELETE /api/v1/identities/roles/{id}                                           permissions:manage
GET    /api/v1/identities/{id}                                                 identities:read
PUT    /api/v1/identities/{id}                                                 identities:update
DELETE /api/v1/identities/{id}                                                 identities:delete
POST   /api/v1/identities/{id}/freeze                                          identities:update
GET    /api/v1/identities/{id}/integration-tokens                              person
POST   /api/v1/identities/{id}/integration-tokens                              person
DELETE /api/v1/identities/{id}/integration-tokens/{token_id}                   person
POST   /api/v1/identities/{id}/integration-tokens/{token_id}/revoke            person
GET    /api/v1/identities/{id}/permissions                                     permissions:read
POST   /api/v1/identities/{id}/roles                                           permissions:manage
POST   /api/v1/identities/{id}/unfreeze                                        identities:update
GET    /api/v1/inquiries                                                       anyone
POST   /api/v1/inquiries                                                       inquiries:create
GET    /api/v1/inquiries/status/{status}                                       anyone
GET    /api/v1/inquiries/{id}                                                  anyone
PUT    /api/v1/inquiries/{id}                                                  inquiries:update
DELETE /api/v1/inquiries/{id}                                                  inquiries:delete
POST   /api/v1/inquiries/{id}/respond                                          anyone
GET    /api/v1/keys                                                            keys:read
POST   /api/v1/keys                                                            keys:create
GET    /api/v1/keys/{ref}                                                      keys:read
PUT    /api/v1/keys/{ref}                                                      keys:update
DELETE /api/v1/keys/{ref}                                                      keys:delete
GET    /api/v1/notifications                                                   anyone
GET    /api/v1/notifications/stream                                            anyone
GET    /api/v1/packs                                                           packs:read
POST   /api/v1/packs                                                           packs:create
POST   /api/v1/packs/install                                                   packs:install
GET    /api/v1/packs/install/{install_id}                                      packs:read
POST   /api/v1/packs/register                                                  packs:install
POST   /api/v1/packs/upload                                                    packs:install
GET    /api/v1/packs/{pack_ref}/actions                                        actions:read
GET    /api/v1/packs/{pack_ref}/policies                                       actions:read
GET    /api/v1/packs/{pack_ref}/rules                                          rules:read
GET    /api/v1/packs/{pack_ref}/sensors                                        triggers:read
GET    /api/v1/packs/{pack_ref}/triggers                                       triggers:read
POST   /api/v1/packs/{pack_ref}/workflow-files                                 actions:create
GET    /api/v1/packs/{pack_ref}/workflows                                      actions:read
GET    /api/v1/packs/{ref}                                                     packs:read
PUT    /api/v1/packs/{ref}                                                     packs:configure
DELETE /api/v1/packs/{ref}                                                     packs:delete
GET    /api/v1/packs/{ref}/config                                              packs:read
PUT    /api/v1/packs/{ref}/config                                              packs:configure
DELETE /api/v1/packs/{ref}/config                                              packs:configure
GET    /api/v1/packs/{ref}/install/latest                                      packs:read
GET    /api/v1/packs/{ref}/runtimes                                            runtimes:read
POST   /api/v1/packs/{ref}/workflows/sync                                      actions:update
POST   /api/v1/packs/{ref}/workflows/validate                                  actions:read
POST   /api/v1/permissions/assignments                                         permissions:manage
DELETE /api/v1/permissions/assignments/{id}                                    permissions:manage
GET    /api/v1/permissions/sets                                                permissions:read
POST   /api/v1/permissions/sets                                                permissions:create
DELETE /api/v1/permissions/sets/roles/{id}                                     permissions:manage
GET    /api/v1/permissions/sets/{id}                                           permissions:read
PUT    /api/v1/permissions/sets/{id}                                           permissions:update
DELETE /api/v1/permissions/sets/{id}                                           permissions:delete
POST   /api/v1/permissions/sets/{id}/roles                                     permissions:manage
GET    /api/v1/policies                                                        actions:read
POST   /api/v1/policies                                                        actions:update
GET    /api/v1/policies/{ref}                                                  actions:read
PUT    /api/v1/policies/{ref}                                                  actions:update
DELETE /api/v1/policies/{ref}                                                  actions:update
GET    /api/v1/rules                                                           rules:read
POST   /api/v1/rules                                                           rules:create
GET    /api/v1/rules/enabled                                                   rules:read
GET    /api/v1/rules/{ref}                                                     rules:read
PUT    /api/v1/rules/{ref}                                                     rules:update
DELETE /api/v1/rules/{ref}                                                     rules:delete
POST   /api/v1/rules/{ref}/disable                                             rules:update
POST   /api/v1/rules/{ref}/enable                                              rules:update
GET    /api/v1/rules/{ref}/firings                                             rules:read
POST   /api/v1/rules/{ref}/test                                                rules:read
GET    /api/v1/runtimes                                                        runtimes:read
POST   /api/v1/runtimes                                                        runtimes:create
GET    /api/v1/runtimes/{ref}                                                  runtimes:read
PUT    /api/v1/runtimes/{ref}                                                  runtimes:update
DELETE /api/v1/runtimes/{ref}                                                  runtimes:delete
GET    /api/v1/sensors                                                         triggers:read
POST   /api/v1/sensors                                                         triggers:create
GET    /api/v1/sensors/enabled                                                 triggers:read
GET    /api/v1/sensors/{ref}                                                   triggers:read
PUT    /api/v1/sensors/{ref}                                                   triggers:update
DELETE /api/v1/sensors/{ref}                                                   triggers:delete
POST   /api/v1/sensors/{ref}/disable                                           triggers:update
POST   /api/v1/sensors/{ref}/enable                                            triggers:update
POST   /api/v1/sensors/{ref}/restart                                           triggers:update
GET    /api/v1/sensors/{sensor_ref}/logs                                       triggers:read
GET    /api/v1/sensors/{sensor_ref}/logs/{stream}                              triggers:read
GET    /api/v1/timers                                                          rules:read
POST   /api/v1/timers/preview                                                  rules:read
GET    /api/v1/triggers                                                        triggers:read
POST   /api/v1/triggers                                                        triggers:create
GET    /api/v1/triggers/enabled                                                triggers:read
GET    /api/v1/triggers/{ref}                                                  triggers:read
PUT    /api/v1/triggers/{ref}                                                  triggers:update
DELETE /api/v1/triggers/{ref}                                                  triggers:delete
POST   /api/v1/triggers/{ref}/disable                                          triggers:update
POST   /api/v1/triggers/{ref}/enable                                           triggers:update
GET    /api/v1/triggers/{ref}/webhooks/config                                  triggers:update
PUT    /api/v1/triggers/{ref}/webhooks/config                                  triggers:update
POST   /api/v1/triggers/{ref}/webhooks/disable                                 triggers:update
POST   /api/v1/triggers/{ref}/webhooks/enable                                  triggers:update
POST   /api/v1/triggers/{ref}/webhooks/regenerate                              triggers:update
GET    /api/v1/triggers/{trigger_ref}/rules                                    rules:read
GET    /api/v1/triggers/{trigger_ref}/sensors                                  triggers:read
POST   /api/v1/webhooks/{webhook_key}                                          public
GET    /api/v1/workers                                                         workers:read
GET    /api/v1/workers/{worker_id}                                             workers:read
POST   /api/v1/workers/{worker_id}/cordon                                      workers:manage
POST   /api/v1/workers/{worker_id}/uncordon                                    workers:manage
GET    /api/v1/workflows                                                       actions:read
POST   /api/v1/workflows                                                       actions:create
POST   /api/v1/workflows/validate                                              actions:read
GET    /api/v1/workflows/{ref}                                                 actions:read
PUT    /api/v1/workflows/{ref}                                                 actions:update
DELETE /api/v1/workflows/{ref}                                                 actions:delete
PUT    /api/v1/workflows/{ref}/file                                            actions:update
GET    /internal/executions/{execution_id}/files                               worker
POST   /internal/executions/{execution_id}/files/{version_id}                  worker
POST   /internal/executions/{execution_id}/finish                              worker
POST   /internal/executions/{execution_id}/output/{stream}                     worker
POST   /internal/executions/{execution_id}/start                               worker
GET    /internal/packs/{ref}/bundle                                            worker
GET    /internal/runtimes                                                      worker
POST   /internal/sensors/beat                                                  worker
POST   /internal/sensors/{ref}/end                                             worker
POST   /internal/sensors/{ref}/output/{stream}                                 worker
POST   /internal/sensors/{ref}/start                                           worker
POST   /internal/sensors/{ref}/token                                           worker
POST   /internal/workers/register                                              worker
POST   /internal/workers/{worker_id}/heartbeat                                 worker
"""


class Row(NamedTuple):
    """One method of one path, and what it needs."""

    method: str
    path: str
    need: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rows() -> Iterator[Row]:
    """Yield the table, as it is written above."""
    for line in ROWS.splitlines():
        if line:
            yield Row(*line.split())


def enters(kind: Kind, need: str) -> bool:
    """Tell whether such a token is let in where this is needed."""
    if need == PUBLIC:
        return True
    if kind in STRANGERS or (kind is Kind.WORKER) != (need == INTERNAL):
        return False
    if need in {ANYONE, INTERNAL}:
        return True
    if need == PERSON:
        return kind not in CODE
    return need in held(kind)


def refusal(kind: Kind, need: str) -> int | None:
    """Return the status of who is not let in, or None for who is."""
    if enters(kind, need):
        return None
    return 401 if kind in STRANGERS else 403


def held(kind: Kind) -> set[str]:
    """Return the grants of such a token, each as `resource:action`."""
    pairs = (each.split(":") for each in GRANTS[kind].split())
    return {f"{what}:{action}" for what, acts in pairs for action in acts.split(",")}
