"""Admit executions that policies bear on: decide on all that wait, in one transaction."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from attune.db.database import Database, Transaction
from attune.db.repositories.admission import FRESH_LIMIT, Reach, Started, WaitingQueue
from attune.domain.admission import (
    Alike,
    Bound,
    Decision,
    Group,
    Queue,
    bounds_of,
    decide,
)
from attune.domain.json import Json, JsonObject
from attune.domain.policy import Limit, LimitKind, PolicyTerms

LONGEST_VALUE = 200
"""So much of a group's value is shown, as JSON."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look has brought about, and when the next one is due."""

    was_busy: bool = False
    """Somebody else was admitting just then."""
    has_more: bool = False
    """There was more that is new than is decided on at a time."""
    is_anything_limited: bool = True
    """Some policy is in force, or something waits."""
    waits: bool = False
    room_in_seconds: float | None = None
    """When the first window has room again for what waits."""


class AdmissionService:
    """Lets executions go as far as policies let it; any number may run side by side."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[PolicyTerms] | None = None

    async def is_anything_new(self) -> bool:
        """Tell whether something was requested that nobody has decided on."""
        async with self._database.autocommit() as tx:
            return await tx.admissions.is_anything_new()

    async def admit(self) -> Look:
        """Decide on everything that waits."""
        async with self._database.transaction() as tx:
            if not await tx.admissions.lock():
                return Look(was_busy=True)
            policies, last_id = await tx.policies.in_force()
            look = await _Pass(tx, policies, last_id).run()
            has_changed = frozenset(policies) != self._known
            if has_changed:
                await _wake(tx, await tx.admissions.stranded(always=True))
        self._known = frozenset(policies)
        return look

    async def free_stranded(self) -> None:
        """Wake workflows whose tasks wait for a policy that has gone unnoticed."""
        async with self._database.transaction() as tx:
            await _wake(tx, await tx.admissions.stranded(always=False))


@dataclass
class _Pass:
    """One look, under the lock."""

    tx: Transaction
    policies: list[PolicyTerms]
    last_id: int
    """The newest execution that somebody might be taking just now."""

    def __post_init__(self) -> None:
        self.reach = Reach.of(self.policies)
        self.bounds: dict[Alike, tuple[Bound, ...]] = {}
        self.started: dict[Bound, Started] = {}

    async def run(self) -> Look:
        found = await self.tx.admissions.waiting(self.reach)
        held = [id_ for each in found if each.is_fresh for id_ in each.ids]
        is_cut = len(held) == FRESH_LIMIT
        queues = self._queues(found)
        used = await self._used(held, max(held) if is_cut else self.last_id)
        decision = decide(queues, used)
        await self._write(decision, found)
        return Look(
            has_more=is_cut,
            is_anything_limited=bool(self.policies or decision.waiting),
            waits=bool(decision.waiting),
            room_in_seconds=self._room_in_seconds(decision.waiting),
        )

    def _bounds_of(self, alike: Alike) -> tuple[Bound, ...]:
        if alike not in self.bounds:
            self.bounds[alike] = bounds_of(self.policies, alike)
        return self.bounds[alike]

    def _queues(self, found: Iterable[WaitingQueue]) -> list[Queue]:
        by_bounds: dict[tuple[Bound, ...], list[int]] = {}
        for each in found:
            by_bounds.setdefault(self._bounds_of(each.alike), []).extend(each.ids)
        return [Queue(bounds, sorted(ids)) for bounds, ids in by_bounds.items()]

    async def _used(self, held: Sequence[int], last_id: int) -> dict[Bound, int]:
        """Count what is taken of every bound under which something waits."""
        wanted = {bound for bounds in self.bounds.values() for bound in bounds}
        if not wanted:
            return {}
        used = dict.fromkeys(wanted, 0)
        for alike, number in await self.tx.admissions.live(self.reach, held, last_id):
            for bound in self._bounds_of(alike):
                if bound in used and bound.limit.kind is LimitKind.RUNNING:
                    used[bound] += number
        for bound, started in (await self._count_starts(wanted)).items():
            used[bound] = started.number
            self.started[bound] = started
        return used

    async def _count_starts(self, wanted: Collection[Bound]) -> dict[Bound, Started]:
        found: dict[Bound, Started] = {}
        for policy in self.policies:
            for limit in policy.limits:
                groups = {b.group for b in wanted if b.limit == limit}
                if groups and limit.kind is LimitKind.STARTS:
                    counted = await self._starts_of(policy, limit)
                    found |= {
                        Bound(limit, group): counted[group]
                        for group in groups & counted.keys()
                    }
        return found

    async def _starts_of(
        self, policy: PolicyTerms, limit: Limit
    ) -> Mapping[Group, Started]:
        return await self.tx.admissions.started(
            policy, limit.parameters, limit.window_seconds
        )

    async def _write(self, decision: Decision, found: Sequence[WaitingQueue]) -> None:
        admissions = self.tx.admissions
        parents: list[int] = []
        if decision.admitted:
            parents += await admissions.admit(decision.admitted)
        if decision.cancelled:
            parents += await admissions.cancel(_results(decision.cancelled))
        changed = _changed(decision.waiting, found)
        if changed:
            await admissions.make_wait(changed)
        await _wake(self.tx, parents)

    def _room_in_seconds(self, waiting: Collection[Bound]) -> float | None:
        moments = [
            self.started[bound].free_in_seconds
            for bound in waiting
            if bound in self.started
        ]
        return min(moments, default=None)


async def _wake(tx: Transaction, workflows: Collection[int]) -> None:
    """Have the runs of these workflows look at their tasks again, each once."""
    if workflows:
        await tx.outbox.add_wakes(sorted(set(workflows)))


def _changed(
    waiting: Mapping[Bound, Sequence[int]], found: Sequence[WaitingQueue]
) -> dict[int, str]:
    """Return what those executions wait for that say something else, or nothing."""
    said = {id_: each.said for each in found for id_ in each.ids}
    changed: dict[int, str] = {}
    for bound, ids in waiting.items():
        wanted = _said(bound)
        text = json.dumps(wanted)
        changed |= {id_: text for id_ in ids if said[id_] != wanted}
    return changed


def _said(bound: Bound) -> JsonObject:
    pairs = zip(bound.limit.parameters, bound.group, strict=True)
    return {
        "kind": "policy",
        "policy": bound.limit.policy_ref,
        "group": {name: _shown(value) for name, value in pairs},
    }


def _shown(value: str | None) -> Json:
    """Return the value of a group, cut where it is long."""
    if value is None:
        return None
    if len(value) > LONGEST_VALUE:
        return f"{value[:LONGEST_VALUE]}…"
    shown: Json = json.loads(value)
    return shown


def _results(cancelled: Mapping[Bound, Sequence[int]]) -> dict[int, str]:
    results: dict[int, str] = {}
    for bound, ids in cancelled.items():
        limit = bound.limit
        text = json.dumps(
            {
                "succeeded": False,
                "error": f"Cancelled by policy {limit.policy_ref}: {limit.text()}",
                "cancelled": True,
                "policy": limit.policy_ref,
            }
        )
        results |= dict.fromkeys(ids, text)
    return results
