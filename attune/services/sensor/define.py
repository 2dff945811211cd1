"""Sensors: made, looked at, changed, switched, removed."""

from collections.abc import Mapping
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.sensor import Sensor
from attune.db.repositories.sensor import SensorFilter, visible_sensors
from attune.db.repositories.trigger import visible_triggers
from attune.domain.errors import InvalidInput
from attune.domain.executable import ENGINE
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.schema import check_schema, secret_names
from attune.domain.version import parse_constraint
from attune.security.encryption import Encryption
from attune.services.component import (
    check_ref,
    find_runtime,
    target_in_pack,
    tidy,
    visible_pack,
    write,
)
from attune.services.rule_view import unmasked
from attune.services.sealing import seal, sensor_place, unseal
from attune.services.sensor.view import SensorView, view_sensors
from attune.services.trigger import target_of

_CODE = frozenset(
    {"entrypoint", "runtime_ref", "runtime", "runtime_version_constraint", "config"}
)
"""What decides which code runs, and how."""


class SensorService:
    """The sensors as callers may see and change them."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        pack_ref: str | None = None,
        trigger_ref: str | None = None,
        enabled: bool | None = None,
    ) -> PageResult[SensorView]:
        """Return one page of the sensors that the caller sees."""
        wanted = SensorFilter(
            q=q, pack_ref=pack_ref, trigger_ref=trigger_ref, enabled=enabled
        )
        async with self._database.transaction() as tx:
            among = visible_sensors(caller)
            found = await tx.sensors.page(request, wanted, among=among)
            return PageResult(
                items=await view_sensors(tx, found.items),
                request=request,
                total=found.total,
                has_next=found.has_next,
            )

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str, q: str | None
    ) -> PageResult[SensorView]:
        """Return one page of a pack's sensors."""
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
        return await self.page(caller, request, pack_ref=pack_ref, q=q)

    async def page_of_trigger(
        self, caller: Caller, request: PageRequest, trigger_ref: str
    ) -> PageResult[SensorView]:
        """Return one page of the sensors that serve a trigger."""
        async with self._database.transaction() as tx:
            await tx.triggers.get_by_ref(trigger_ref, among=visible_triggers(caller))
        return await self.page(caller, request, trigger_ref=trigger_ref)

    async def get(self, caller: Caller, ref: str) -> SensorView:
        """Return the sensor, or raise NotFound."""
        async with self._database.transaction() as tx:
            sensor = await tx.sensors.get_by_ref(ref, among=visible_sensors(caller))
            return (await view_sensors(tx, [sensor]))[0]

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> SensorView:
        """Make a sensor, which is code: whoever does must be allowed to make actions."""
        values = tidy(fields)
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, values["pack_ref"])
            check_ref(values["ref"], pack.ref)
            target = await target_in_pack(tx, caller, pack.ref, ref=values["ref"])
            caller.require(Resource.TRIGGERS, Action.CREATE, target)
            caller.require(Resource.ACTIONS, Action.CREATE, target)
            sensor = Sensor(is_adhoc=True, pack_id=pack.id, ref=values["ref"])
            trigger_refs = _trigger_refs(values)
            await self._write(tx, caller, sensor, values)
            await tx.sensors.add(sensor)
            await _serve(tx, caller, sensor, trigger_refs)
            return (await view_sensors(tx, [sensor]))[0]

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> SensorView:
        """Change the fields that are given; what is running starts anew if need be."""
        values = tidy(changes)
        async with self._database.transaction() as tx:
            sensor = await _lock(tx, caller, ref, Action.UPDATE)
            if _CODE & values.keys():
                target = await _target(tx, caller, sensor)
                caller.require(Resource.ACTIONS, Action.UPDATE, target)
            await self._write(tx, caller, sensor, values)
            await tx.flush()
            return (await view_sensors(tx, [sensor]))[0]

    async def set_enabled(
        self, caller: Caller, ref: str, *, enabled: bool
    ) -> SensorView:
        """Let the sensor run while rules need it, or not."""
        return await self.update(caller, ref, {"enabled": enabled})

    async def restart(self, caller: Caller, ref: str) -> SensorView:
        """Have its process started anew, at once even if it has failed."""
        async with self._database.transaction() as tx:
            sensor = await _lock(tx, caller, ref, Action.UPDATE)
            await tx.sensor_processes.restart(sensor.ref)
            return (await view_sensors(tx, [sensor]))[0]

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the sensor; its process ends, its triggers and events stay."""
        async with self._database.transaction() as tx:
            await tx.sensors.remove(await _lock(tx, caller, ref, Action.DELETE))

    async def _write(
        self, tx: Transaction, caller: Caller, sensor: Sensor, values: dict[str, Any]
    ) -> None:
        """Write the values, if the sensor as a whole can work with them."""
        _check(values)
        runtime = await find_runtime(
            tx, caller, values.pop("runtime", None), values.pop("runtime_ref", None)
        )
        if runtime is not None:
            if runtime.ref == ENGINE:
                raise InvalidInput(f"runtime_ref: {ENGINE} runs no code")
            values["runtime_id"], values["runtime_ref"] = runtime.id, runtime.ref
        if {"config", "param_schema"} & values.keys():
            values["config"] = self._sealed(sensor, values)
        write(sensor, values)

    def _sealed(self, sensor: Sensor, values: Mapping[str, Any]) -> dict[str, Any]:
        place = sensor_place(sensor.ref)
        before = unseal(self._encryption, sensor.config or {}, place=place)
        schema = values.get("param_schema", sensor.param_schema) or {}
        given = unmasked(schema, values.get("config", before), before)
        return seal(self._encryption, secret_names(schema), given, place=place)


async def _lock(tx: Transaction, caller: Caller, ref: str, act: Action) -> Sensor:
    """Return the sensor for a change that the caller may make."""
    seen = await tx.sensors.get_by_ref(ref, among=visible_sensors(caller))
    caller.require(Resource.TRIGGERS, act, await _target(tx, caller, seen))
    return await tx.sensors.lock(seen.id)


async def _target(tx: Transaction, caller: Caller, sensor: Sensor) -> Target:
    return await target_in_pack(
        tx, caller, sensor.pack_ref, ref=sensor.ref, id=sensor.id
    )


def _trigger_refs(values: dict[str, Any]) -> list[str]:
    """Take the triggers out of the values, the named one first."""
    first, others = values.pop("trigger_ref", None), values.pop("trigger_refs", [])
    return list(dict.fromkeys([*([first] if first else []), *others]))


async def _serve(
    tx: Transaction, caller: Caller, sensor: Sensor, refs: list[str]
) -> None:
    """Let the sensor emit these triggers, as far as the caller may change them."""
    for place, ref in enumerate(refs):
        trigger = await tx.triggers.get_by_ref(ref, among=visible_triggers(caller))
        target = await target_of(tx, caller, trigger)
        caller.require(Resource.TRIGGERS, Action.UPDATE, target)
        if place == 0:
            sensor.trigger_id = trigger.id
        if trigger.sensor_id is None or place > 0:
            trigger.sensor_id = sensor.id
    await tx.flush()


def _check(values: Mapping[str, Any]) -> None:
    problems = check_schema(values.get("param_schema") or {}, "param_schema")
    try:
        parse_constraint(values.get("runtime_version_constraint") or "")
    except InvalidInput as error:
        problems.append(f"runtime_version_constraint: {error.message}")
    if problems:
        raise InvalidInput("The sensor is not valid", problems=problems)
