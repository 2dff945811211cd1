"""Rows with working defaults: a test names only what it is about."""

from itertools import count
from typing import Any

from attune.db.database import Transaction
from attune.db.models import (
    Action,
    Enforcement,
    Event,
    Execution,
    Identity,
    Inquiry,
    Key,
    Pack,
    PermissionAssignment,
    PermissionSet,
    Policy,
    Rule,
    Runtime,
    Sensor,
    Trigger,
    Worker,
)
from attune.domain.key import OwnerType

_numbers = count(1)

SHELL = {
    "interpreter": {"binary": "/bin/bash", "args": [], "file_extension": ".sh"},
    "inline_execution": {"strategy": "temp_file", "extension": ".sh"},
}
"""An execution_config that runs shell code."""


def unique(word: str) -> str:
    """Return the word with a number that no other builder got."""
    return f"{word}{next(_numbers)}"


async def make_identity(tx: Transaction, **fields: Any) -> Identity:
    """Write an identity."""
    return await tx.identities.add(Identity(**{"login": unique("login")} | fields))


async def make_pack(tx: Transaction, **fields: Any) -> Pack:
    """Write a pack that the system installed."""
    ref = fields.pop("ref", None) or unique("pack")
    defaults = {"ref": ref, "label": ref.title(), "version": "1.0.0"}
    return await tx.packs.add(Pack(**defaults | fields))


async def make_runtime(
    tx: Transaction, pack: Pack | None = None, **fields: Any
) -> Runtime:
    """Write a runtime that runs shell code."""
    pack = pack or await make_pack(tx)
    name = unique("runtime")
    defaults: dict[str, Any] = {
        "ref": f"{pack.ref}.{name}",
        "name": name,
        "pack_id": pack.id,
        "execution_config": SHELL,
    }
    return await tx.runtimes.add(Runtime(**defaults | fields))


async def make_action(
    tx: Transaction,
    pack: Pack | None = None,
    runtime: Runtime | None = None,
    **fields: Any,
) -> Action:
    """Write an action of inline shell code."""
    pack = pack or await make_pack(tx)
    runtime = runtime or await make_runtime(tx, pack)
    defaults: dict[str, Any] = {
        "ref": f"{pack.ref}.{unique('action')}",
        "label": "Do",
        "pack_id": pack.id,
        "runtime_id": runtime.id,
        "entrypoint": "echo done",
    }
    return await tx.actions.add(Action(**defaults | fields))


async def make_trigger(
    tx: Transaction, pack: Pack | None = None, **fields: Any
) -> Trigger:
    """Write a trigger."""
    pack = pack or await make_pack(tx)
    defaults: dict[str, Any] = {
        "ref": f"{pack.ref}.{unique('trigger')}",
        "label": "Fired",
        "pack_id": pack.id,
    }
    return await tx.triggers.add(Trigger(**defaults | fields))


async def make_sensor(
    tx: Transaction,
    pack: Pack | None = None,
    trigger: Trigger | None = None,
    **fields: Any,
) -> Sensor:
    """Write a sensor that serves the trigger."""
    pack = pack or await make_pack(tx)
    trigger = trigger or await make_trigger(tx, pack)
    defaults: dict[str, Any] = {
        "ref": f"{pack.ref}.{unique('sensor')}",
        "label": "Watch",
        "pack_id": pack.id,
        "trigger_id": trigger.id,
        "entrypoint": "sensors/watch.py",
    }
    sensor = await tx.sensors.add(Sensor(**defaults | fields))
    trigger.sensor_id = sensor.id
    await tx.flush()
    return sensor


async def make_rule(
    tx: Transaction,
    trigger: Trigger | None = None,
    action: Action | None = None,
    **fields: Any,
) -> Rule:
    """Write an enabled rule without conditions, in the action's pack."""
    trigger = trigger or await make_trigger(tx)
    action = action or await make_action(tx)
    defaults: dict[str, Any] = {
        "ref": f"{action.pack_ref}.{unique('rule')}",
        "label": "When",
        "pack_id": action.pack_id,
        "trigger_id": trigger.id,
        "action_id": action.id,
    }
    return await tx.rules.add(Rule(**defaults | fields))


async def make_event(
    tx: Transaction, trigger: Trigger | None = None, **fields: Any
) -> Event:
    """Write an event."""
    trigger = trigger or await make_trigger(tx)
    return await tx.events.add(Event(**{"trigger_id": trigger.id} | fields))


async def make_enforcement(
    tx: Transaction, rule: Rule | None = None, **fields: Any
) -> Enforcement:
    """Write an enforcement of the rule."""
    rule = rule or await make_rule(tx)
    return await tx.enforcements.add(Enforcement(**{"rule_id": rule.id} | fields))


async def make_execution(
    tx: Transaction, action: Action | None = None, **fields: Any
) -> Execution:
    """Write a requested execution of the action."""
    action = action or await make_action(tx)
    return await tx.executions.add(Execution(**{"action_id": action.id} | fields))


async def make_worker(tx: Transaction, **fields: Any) -> Worker:
    """Write a worker that is active and offers nothing in particular."""
    defaults = {"name": unique("worker"), "status": "active"}
    return await tx.workers.add(Worker(**defaults | fields))


async def make_permission_set(
    tx: Transaction, *identities: Identity, **fields: Any
) -> PermissionSet:
    """Write a permission set and assign it to the identities."""
    pack = await make_pack(tx)
    defaults: dict[str, Any] = {"ref": f"{pack.ref}.{unique('set')}", "grants": []}
    permset = await tx.permission_sets.add(PermissionSet(**defaults | fields))
    for identity in identities:
        assignment = PermissionAssignment(
            identity_id=identity.id, permset_id=permset.id
        )
        await tx.permission_assignments.add(assignment)
    return permset


async def make_policy(
    tx: Transaction, action: Action | None = None, **fields: Any
) -> Policy:
    """Write a policy that lets one execution of the action run at once."""
    action = action or await make_action(tx)
    defaults: dict[str, Any] = {
        "ref": f"{action.pack_ref}.{unique('policy')}",
        "action_id": action.id,
        "threshold": 1,
    }
    return await tx.policies.add(Policy(**defaults | fields))


async def make_key(tx: Transaction, **fields: Any) -> Key:
    """Write a key of the system."""
    defaults: dict[str, Any] = {
        "owner_type": OwnerType.SYSTEM,
        "name": unique("key"),
        "value": "value",
    }
    return await tx.keys.add(Key(**defaults | fields))


async def make_inquiry(
    tx: Transaction, execution: Execution | None = None, **fields: Any
) -> Inquiry:
    """Write a pending inquiry that anybody may answer."""
    execution = execution or await make_execution(tx)
    defaults: dict[str, Any] = {"execution_id": execution.id, "prompt": "Go on?"}
    return await tx.inquiries.add(Inquiry(**defaults | fields))
