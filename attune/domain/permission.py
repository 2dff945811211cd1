"""Who is calling, and whether their grants permit what they ask for.

A grant applies when resource and action match and every constraint it carries holds
for the thing at hand; the caller may do what any one grant allows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from attune.domain.errors import PermissionDenied


class Resource(StrEnum):
    """What a grant speaks about."""

    PACKS = "packs"
    ACTIONS = "actions"
    QUEUES = "queues"
    RULES = "rules"
    TRIGGERS = "triggers"
    EXECUTIONS = "executions"
    EVENTS = "events"
    ENFORCEMENTS = "enforcements"
    INQUIRIES = "inquiries"
    KEYS = "keys"
    ARTIFACTS = "artifacts"
    RUNTIMES = "runtimes"
    WORKERS = "workers"
    RETENTION = "retention"
    IDENTITIES = "identities"
    PERMISSIONS = "permissions"
    AUDIT_LOG = "audit_log"


class Action(StrEnum):
    """What a grant allows to be done with a resource."""

    READ = "read"
    CREATE = "create"
    INSTALL = "install"
    CONFIGURE = "configure"
    UPDATE = "update"
    DELETE = "delete"
    EXECUTE = "execute"
    CANCEL = "cancel"
    RESPOND = "respond"
    MANAGE = "manage"
    DECRYPT = "decrypt"


_CRUD: Final = frozenset({Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE})

MEANT: Final[Mapping[Resource, frozenset[Action]]] = {
    Resource.PACKS: frozenset(
        {
            Action.READ,
            Action.CREATE,
            Action.INSTALL,
            Action.CONFIGURE,
            Action.UPDATE,
            Action.DELETE,
        }
    ),
    Resource.ACTIONS: _CRUD | {Action.EXECUTE},
    Resource.QUEUES: _CRUD,
    Resource.RULES: _CRUD,
    Resource.TRIGGERS: _CRUD,
    Resource.EXECUTIONS: frozenset(
        {Action.READ, Action.CREATE, Action.UPDATE, Action.CANCEL}
    ),
    Resource.EVENTS: frozenset({Action.READ, Action.CREATE}),
    Resource.ENFORCEMENTS: frozenset({Action.READ, Action.UPDATE}),
    Resource.INQUIRIES: _CRUD | {Action.RESPOND},
    Resource.KEYS: _CRUD | {Action.DECRYPT},
    Resource.ARTIFACTS: _CRUD,
    Resource.RUNTIMES: _CRUD,
    Resource.WORKERS: frozenset({Action.READ, Action.MANAGE}),
    Resource.RETENTION: frozenset({Action.READ, Action.UPDATE}),
    Resource.IDENTITIES: _CRUD,
    Resource.PERMISSIONS: _CRUD | {Action.MANAGE},
    Resource.AUDIT_LOG: frozenset({Action.READ}),
}
"""Which actions exist for which resource; `core.admin` may do all of them.

A grant of any other pair is accepted and allows nothing.
"""


class TokenType(StrEnum):
    """The kinds of token the platform signs."""

    ACCESS = "access"
    REFRESH = "refresh"
    SENSOR = "sensor"
    EXECUTION = "execution"
    WORKER = "worker"


class Constraints(BaseModel):
    """Facts that must hold for a grant to apply; an absent one always holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pack_refs: frozenset[str] | None = None
    owner: Literal["self", "any", "none"] | None = None
    owner_types: frozenset[str] | None = None
    owner_refs: frozenset[str] | None = None
    visibility: frozenset[str] | None = None
    execution_scope: Literal["self", "descendants", "any"] | None = None
    refs: frozenset[str] | None = None
    trigger_refs: frozenset[str] | None = None
    ids: frozenset[Annotated[int, Field(ge=1, lt=2**63)]] | None = None
    encrypted: bool | None = None
    attributes: Mapping[str, object] | None = None


class Grant(BaseModel):
    """Some actions on one resource, perhaps only on some things."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource: Resource
    actions: frozenset[Action]
    constraints: Constraints | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """The facts of one thing that constraints are held against; None means unknown."""

    pack_ref: str | None = None
    owner_identity_id: int | None = None
    pack_owner_id: int | None = None
    """Who owns the pack that it is part of: what is in a pack is its owner's too."""
    in_standard_pack: bool = False
    """Standard packs are everybody's, whoever installed them."""
    owner_type: str | None = None
    owner_ref: str | None = None
    visibility: str | None = None
    execution_id: int | None = None
    ancestor_ids: frozenset[int] = frozenset()
    ref: str | None = None
    trigger_ref: str | None = None
    id: int | None = None
    encrypted: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The identity behind a request, with the grants its token carries."""

    identity_id: int | None
    login: str
    token_type: TokenType
    grants: tuple[Grant, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    integration_token_id: int | None = None
    """The integration token that this session was exchanged for."""
    execution_id: int | None = None
    """The execution an execution token was made for."""
    action_ref: str | None = None
    """The action that execution runs."""
    token: str | None = field(default=None, repr=False, compare=False)
    """An execution's own token, which it must not leave behind."""
    known_packs: frozenset[str] | None = None
    """For the token of code, the packs that the grants of its identity name: a grant
    that it was lent shows it no others. None: those that `grants` name."""
    trigger_refs: frozenset[str] = frozenset()
    """The triggers a sensor token may emit."""
    sensor_ref: str | None = None
    """The sensor a sensor token was made for, where it says so."""
    worker_name: str | None = None
    """The worker a worker token was made for; None until it registers."""
    token_ends_at: datetime | None = None
    """When a worker token expires, so that it is renewed in time."""

    @property
    def minds_owners(self) -> bool:
        """Tell whether some grant depends on whose a thing is."""
        return any(
            grant.constraints is not None
            and grant.constraints.owner in {"self", "none"}
            for grant in self.grants
        )

    def grants_for(self, resource: Resource, action: Action) -> tuple[Grant, ...]:
        """Return the grants that name this resource and action."""
        return tuple(
            grant
            for grant in self.grants
            if grant.resource is resource and action in grant.actions
        )

    def may(
        self, resource: Resource, action: Action, target: Target | None = None
    ) -> bool:
        """Tell whether some grant allows this, for any thing or for `target`."""
        grants = self.grants_for(resource, action)
        if target is None:
            return bool(grants)
        return any(_holds(grant.constraints, self, target) for grant in grants)

    def require(
        self, resource: Resource, action: Action, target: Target | None = None
    ) -> None:
        """Raise PermissionDenied unless some grant allows this."""
        if not self.may(resource, action, target):
            raise PermissionDenied(needs=f"{resource}:{action}")


def _holds(constraints: Constraints | None, caller: Caller, target: Target) -> bool:
    if constraints is None:
        return True
    return (
        _among(constraints.pack_refs, target.pack_ref)
        and _among(constraints.owner_types, target.owner_type)
        and _among(constraints.owner_refs, target.owner_ref)
        and _among(constraints.visibility, target.visibility)
        and _among(constraints.refs, target.ref)
        and _among(constraints.trigger_refs, target.trigger_ref)
        and _among(constraints.ids, target.id)
        and constraints.encrypted in (None, target.encrypted)
        and _owned(constraints.owner, caller, target)
        and _in_scope(constraints.execution_scope, caller, target)
        and _has_attributes(constraints.attributes, caller.attributes)
    )


def _among(allowed: frozenset[str] | frozenset[int] | None, fact: object) -> bool:
    return allowed is None or fact in allowed


def _owned(rule: str | None, caller: Caller, target: Target) -> bool:
    owners = {target.owner_identity_id, target.pack_owner_id} - {None}
    if rule == "self":
        return caller.identity_id in owners
    return rule != "none" or not owners or target.in_standard_pack


def _in_scope(rule: str | None, caller: Caller, target: Target) -> bool:
    if rule in (None, "any"):
        return True
    if caller.execution_id is None:
        return False
    if target.execution_id == caller.execution_id:
        return True
    return rule == "descendants" and caller.execution_id in target.ancestor_ids


def _has_attributes(
    wanted: Mapping[str, object] | None, attributes: Mapping[str, object]
) -> bool:
    return wanted is None or all(
        attributes.get(name) == value for name, value in wanted.items()
    )


def translate_seed_grant(grant: Mapping[str, object]) -> list[dict[str, object]]:
    """Rewrite a `{type, scope, components}` grant of the data-model document.

    `system` allows everything, `pack` everything within the pack (or only its named
    components), `user` everything the caller owns (contract, k.1). Any other type
    allows nothing.
    """
    constraints = _SEED_CONSTRAINTS.get(str(grant.get("type")))
    if constraints is None:
        return []
    held = constraints(grant)
    return [
        {
            "resource": resource.value,
            "actions": sorted(MEANT[resource]),
            **({"constraints": held} if held else {}),
        }
        for resource in Resource
    ]


def _within_pack(grant: Mapping[str, object]) -> dict[str, object]:
    held: dict[str, object] = {"pack_refs": [grant.get("scope")]}
    if grant.get("components"):
        held["refs"] = grant["components"]
    return held


_SEED_CONSTRAINTS: dict[str, Callable[[Mapping[str, object]], dict[str, object]]] = {
    "system": lambda _: {},
    "pack": _within_pack,
    "user": lambda _: {"owner": "self"},
}
