"""Which notifications exist for a caller: those of what the caller could read.

What lives on is asked for as its own route would ask. A definition may be gone when its
notification is read, so it is judged by the facts that the notification kept, with its
pack by id: a pack that took over the ref of another one shows nothing of it.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    and_,
    case,
    cast,
    false,
    func,
    or_,
    select,
)

from attune.db.models.artifact import Artifact
from attune.db.models.enforcement import Enforcement
from attune.db.models.event import Event
from attune.db.models.execution import Execution
from attune.db.models.inquiry import Inquiry
from attune.db.models.notification import Notification
from attune.db.models.pack import Pack
from attune.db.models.workflow import WorkflowExecution
from attune.db.repositories.artifact import visible_artifacts
from attune.db.repositories.enforcement import visible_enforcements
from attune.db.repositories.event import visible_events
from attune.db.repositories.execution import visible_executions
from attune.db.repositories.inquiry import visible_inquiries
from attune.db.visibility import (
    Columns,
    in_visible_pack,
    named_packs,
    permitted,
    visible_packs,
)
from attune.domain.key import OwnerType
from attune.domain.notification import RULE_CHANGES
from attune.domain.permission import Action, Caller, Resource, TokenType

Condition = ColumnElement[bool]

_CONTENT = Notification.content
_IS_NUMBER = Notification.entity.regexp_match("^[0-9]{1,18}$")
_ENTITY_ID: Any = cast(case((_IS_NUMBER, Notification.entity)), BigInteger)


def _text(name: str) -> Any:
    return _CONTENT[name].astext


def _number(name: str) -> Any:
    """Return a number the content holds; plain SQL may have written anything there."""
    is_id = _text(name).regexp_match("^[0-9]{1,18}$")
    return cast(case((is_id, _text(name))), BigInteger)


_PACK_REF = _text("pack_ref")
_REF = _text("ref")
_DEFINITION = Columns(pack_ref=_PACK_REF, is_part_of_pack=True, ref=_REF, id=_ENTITY_ID)
_POLICY = Columns(
    pack_ref=_PACK_REF,
    is_part_of_pack=True,
    ref=_text("action_ref"),
    id=_number("action"),
)
_PACK = Columns(
    pack_ref=_REF, ref=_REF, id=_ENTITY_ID, owner_identity_id=_number("owner_identity")
)
_RULE = Columns(
    pack_ref=_PACK_REF,
    is_part_of_pack=True,
    ref=_REF,
    trigger_ref=_text("trigger_ref"),
    id=_ENTITY_ID,
    owner_identity_id=_number("owner_identity"),
)
_KEY = Columns(
    pack_ref=func.split_part(_text("owner"), ".", 1),
    is_part_of_pack=True,
    ref=_REF,
    id=_ENTITY_ID,
    owner_type=_text("owner_type"),
    owner_ref=_text("owner"),
    owner_identity_id=_number("owner_identity"),
)

_IN_PACKS = {
    "action": (Resource.ACTIONS, _DEFINITION),
    "workflow_definition": (Resource.ACTIONS, _DEFINITION),
    "policy": (Resource.ACTIONS, _POLICY),
    "trigger": (Resource.TRIGGERS, _DEFINITION),
    "sensor": (Resource.TRIGGERS, _DEFINITION),
    "rule": (Resource.RULES, _RULE),
    "runtime": (Resource.RUNTIMES, _DEFINITION),
    "permission_set": (Resource.PERMISSIONS, _DEFINITION),
}
"""Definitions by what grants call them, and what constraints are held against."""


def visible_notifications(caller: Caller) -> Condition:
    """Return the condition under which a notification exists for the caller."""
    if caller.token_type is TokenType.SENSOR:
        return _of_own_triggers(caller)
    kinds: dict[str, Condition] = {
        "execution": _lives(Execution, visible_executions(caller)),
        "event": _lives(Event, visible_events(caller)),
        "enforcement": _lives(Enforcement, visible_enforcements(caller)),
        "inquiry": _lives(Inquiry, visible_inquiries(caller)),
        "workflow_execution": _of_visible_execution(caller),
        "artifact": _lives(Artifact, visible_artifacts(caller)),
        "pack": _pack(caller),
        "key": _key(caller),
        "identity": _identity(caller),
        "worker": _read(caller, Resource.WORKERS, Columns(ref=_REF, id=_ENTITY_ID)),
    }
    for kind, (resource, columns) in _IN_PACKS.items():
        kinds[kind] = and_(_in_seen_pack(caller), _read(caller, resource, columns))
    of_action = in_visible_pack(caller, func.split_part(_text("action_ref"), ".", 1))
    kinds["policy"] = and_(kinds["policy"], of_action)
    # Of what the platform does not know, nobody can say whose it is.
    unknown = _read(caller, Resource.AUDIT_LOG, Columns())
    return cast(case(kinds, value=Notification.entity_type, else_=unknown), Boolean)


def _read(caller: Caller, resource: Resource, columns: Columns) -> Condition:
    return permitted(caller, resource, Action.READ, columns)


def _of_own_triggers(caller: Caller) -> Condition:
    """A sensor hears of every change of its triggers' rules, and of nothing else."""
    refs = sorted(caller.trigger_refs)
    ours = or_(_text("trigger_ref").in_(refs), _text("old_trigger_ref").in_(refs))
    is_change = Notification.activity.in_(sorted(RULE_CHANGES))
    return and_(Notification.entity_type == "rule", is_change, ours)


def _lives(model: Any, seen: Condition) -> Condition:
    rows = select(model.id).where(model.id == _ENTITY_ID, seen)
    return rows.correlate(Notification).exists()


def _of_visible_execution(caller: Caller) -> Condition:
    rows = (
        select(Execution.id)
        .join(WorkflowExecution, WorkflowExecution.execution_id == Execution.id)
        .where(WorkflowExecution.id == _ENTITY_ID, visible_executions(caller))
    )
    return rows.correlate(Notification).exists()


def _in_seen_pack(caller: Caller) -> Condition:
    seen = select(Pack.id).where(Pack.id == _number("pack"), visible_packs(caller))
    return or_(_PACK_REF.is_(None), seen.correlate(Notification).exists())


def _pack(caller: Caller) -> Condition:
    """Judge a pack as `visible_packs` does, by what is known of it still."""
    owner = _number("owner_identity")
    is_open = or_(_text("is_standard") == "true", owner.is_(None))
    own = false() if caller.identity_id is None else owner == caller.identity_id
    named = _REF.in_(sorted(named_packs(caller)))
    return and_(or_(is_open, own, named), _read(caller, Resource.PACKS, _PACK))


def _key(caller: Caller) -> Condition:
    owner = _text("owner")
    of_pack = select(Pack.id).where(
        Pack.ref == func.split_part(owner, ".", 1), visible_packs(caller)
    )
    whose = case(
        (_text("owner_type") == OwnerType.SYSTEM, _text("owner_type").is_not(None)),
        (
            _text("owner_type") == OwnerType.IDENTITY,
            _number("owner_identity") == (caller.identity_id or 0),
        ),
        else_=of_pack.correlate(Notification).exists(),
    )
    return and_(whose, _read(caller, Resource.KEYS, _KEY))


def _identity(caller: Caller) -> Condition:
    columns = Columns(id=_ENTITY_ID, owner_identity_id=_ENTITY_ID)
    itself = (caller.identity_id or 0) == _ENTITY_ID
    return or_(itself, _read(caller, Resource.IDENTITIES, columns))
