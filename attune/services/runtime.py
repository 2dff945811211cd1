"""Runtimes: made, looked at, changed, removed."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from attune.db.database import Database, Transaction
from attune.db.models.runtime import Runtime
from attune.db.repositories.component import ComponentFilter
from attune.db.visibility import Columns, visible
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.json import format_place
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource
from attune.domain.ref import Ref, canonical_label
from attune.domain.runtime import Distributions, ExecutionConfig
from attune.services.component import check_ref, target_in_pack, visible_pack, write
from attune.services.definitions import Definitions

COLUMNS: Final = Columns(
    pack_ref=Runtime.pack_ref, is_part_of_pack=True, ref=Runtime.ref, id=Runtime.id
)
"""What constraints on runtimes are held against."""

BUILT_IN: Final = "core"
"""The pack whose runtimes only the platform changes."""

_DOCUMENTS: Final[Mapping[str, type[ExecutionConfig] | type[Distributions]]] = {
    "execution_config": ExecutionConfig,
    "distributions": Distributions,
}


class RuntimeService:
    """The runtimes as callers may see and change them."""

    def __init__(self, database: Database, definitions: Definitions) -> None:
        self._database = database
        self._definitions = definitions

    async def page(
        self, caller: Caller, request: PageRequest, *, q: str | None = None
    ) -> PageResult[Runtime]:
        """Return one page of the runtimes that the caller sees, by ref."""
        among = visible(caller, Resource.RUNTIMES, COLUMNS)
        async with self._database.transaction() as tx:
            return await tx.runtimes.page(request, ComponentFilter(q=q), among=among)

    async def page_of_pack(
        self, caller: Caller, request: PageRequest, pack_ref: str
    ) -> PageResult[Runtime]:
        """Return one page of a pack's runtimes."""
        among = visible(caller, Resource.RUNTIMES, COLUMNS)
        async with self._database.transaction() as tx:
            await visible_pack(tx, caller, pack_ref)
            return await tx.runtimes.page(
                request, ComponentFilter(pack_ref=pack_ref), among=among
            )

    async def get(self, caller: Caller, ref: str) -> Runtime:
        """Return the runtime, or raise NotFound."""
        among = visible(caller, Resource.RUNTIMES, COLUMNS)
        async with self._database.transaction() as tx:
            return await tx.runtimes.get_by_ref(ref, among=among)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> Runtime:
        """Make a runtime that loading its pack again leaves alone."""
        values = _tidy(fields)
        ref = Ref.parse(values["ref"])
        pack_ref = values.pop("pack_ref", None) or ref.pack
        check_ref(values["ref"], pack_ref)
        _refuse_built_in(pack_ref)
        async with self._database.transaction() as tx:
            pack = await visible_pack(tx, caller, pack_ref)
            target = await target_in_pack(tx, caller, pack.ref, ref=values["ref"])
            caller.require(Resource.RUNTIMES, Action.CREATE, target)
            runtime = Runtime(is_adhoc=True, pack_id=pack.id)
            write(runtime, values)
            await tx.runtimes.add(runtime)
        self._definitions.forget()
        return runtime

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> Runtime:
        """Change the fields that are given; None takes a value away."""
        values = _tidy(changes)
        async with self._database.transaction() as tx:
            runtime = await _lock(tx, caller, ref, Action.UPDATE)
            write(runtime, values)
            await tx.flush()
        self._definitions.forget()
        return runtime

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the runtime; actions that name it can no longer run."""
        async with self._database.transaction() as tx:
            await tx.runtimes.remove(await _lock(tx, caller, ref, Action.DELETE))
        self._definitions.forget()


async def _lock(tx: Transaction, caller: Caller, ref: str, act: Action) -> Runtime:
    """Return the runtime for a change that the caller may make."""
    among = visible(caller, Resource.RUNTIMES, COLUMNS)
    seen = await tx.runtimes.get_by_ref(ref, among=among)
    target = await target_in_pack(tx, caller, seen.pack_ref, ref=seen.ref, id=seen.id)
    caller.require(Resource.RUNTIMES, act, target)
    _refuse_built_in(seen.pack_ref)
    return await tx.runtimes.lock(seen.id)


def _refuse_built_in(pack_ref: str | None) -> None:
    """A change would hold until the next start of the platform, and surprise then."""
    if pack_ref == BUILT_IN:
        raise Conflict("The core pack's runtimes are the platform's own")


def _tidy(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in their one spelling; raises InvalidInput for broken ones."""
    values = dict(fields)
    if "name" in values:
        values["name"] = canonical_label(values["name"], "name")
    problems = [
        problem
        for name, kind in _DOCUMENTS.items()
        if values.get(name)
        for problem in _problems(name, kind, values[name])
    ]
    if problems:
        raise InvalidInput("The runtime is not valid", problems=problems)
    return values


def _problems(
    name: str, kind: type[ExecutionConfig] | type[Distributions], document: Any
) -> list[str]:
    try:
        kind.model_validate(document)
    except ValidationError as invalid:
        return [
            f"{format_place((name, *error['loc']))}: {error['msg']}"
            for error in invalid.errors(include_url=False, include_input=False)
        ]
    return []
