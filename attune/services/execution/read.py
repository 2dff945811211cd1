"""Look at executions and at what they wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.execution import Execution
from attune.db.repositories.execution import ExecutionFilter, visible_executions
from attune.domain.execution import TERMINAL, WAITING, is_terminal
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Caller, Target
from attune.domain.waiting import waiting_for
from attune.security.encryption import Encryption
from attune.services.execution.revealing import reveal

LOG_PIECES = 16


class ReadService:
    """Executions as a caller may see them."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def get(self, caller: Caller, execution_id: int) -> Execution:
        """Return the execution, or raise NotFound."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            execution = await tx.executions.get(execution_id, among=among)
            waiting = await _waiting(tx, [execution])
        return _said(execution, waiting)

    async def get_revealed(
        self, caller: Caller, execution_id: int, *, with_secrets: bool
    ) -> tuple[Execution, dict[str, Any] | None]:
        """Return the execution and, for who may decrypt, its unmasked parameters."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            execution = await tx.executions.get(execution_id, among=among)
            waiting = await _waiting(tx, [execution])
            if not with_secrets:
                return _said(execution, waiting), None
            config = await reveal(tx, self._encryption, caller, execution)
        return _said(execution, waiting), config

    async def page(
        self, caller: Caller, request: PageRequest, wanted: ExecutionFilter
    ) -> PageResult[Execution]:
        """Return one page of the executions the caller may see."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            found = await tx.executions.page(request, wanted, among=among)
            waiting = await _waiting(tx, found.items)
        for execution in found.items:
            _said(execution, waiting)
        return found

    async def tasks(self, caller: Caller, execution_id: int) -> list[dict[str, Any]]:
        """Return what has become of a workflow's tasks; nothing before it began."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            execution = await tx.executions.get(execution_id, among=among)
            row = await tx.workflow_states.state_of(execution.id)
            found = {} if row is None else await tx.workflow_states.all_tasks(row.id)
        return [{"name": name, **facts} for name, facts in found.items()]

    async def stats(self, caller: Caller) -> dict[str, int]:
        """Return how many of the visible executions stand where."""
        async with self._database.autocommit() as tx:
            among = visible_executions(caller)
            counts = await tx.executions.count_by_status(among=among)
        shown = {status.value: counts.get(status, 0) for status in TERMINAL}
        pending = sum(counts.get(status, 0) for status in WAITING)
        total = sum(counts.values())
        running = total - pending - sum(shown.values())
        return {**shown, "total": total, "pending": pending, "running": running}

    async def log(self, caller: Caller, execution_id: int, stream: str) -> bytes:
        """Return all that a stream of a visible execution holds so far."""
        await self.get(caller, execution_id)
        content = bytearray()
        while True:
            piece, _ = await self.log_after(execution_id, stream, len(content))
            if not piece:
                return bytes(content)
            content += piece

    async def log_after(
        self, execution_id: int, stream: str, offset: int
    ) -> tuple[bytes, bool]:
        """Return output from `offset` on, and whether the execution has ended.

        The end is read first: what was written before it is then in the answer, or
        in the next one. The caller's right to see it must have been checked.
        """
        async with self._database.autocommit() as tx:
            status = await tx.attempts.status_of(execution_id)
            pieces = await tx.executions.log_pieces(
                execution_id, stream, offset=offset, limit=LOG_PIECES
            )
        ended = status is None or is_terminal(status)
        return _join(pieces, offset), ended


async def _waiting(
    tx: Transaction, executions: Sequence[Execution]
) -> dict[int, dict[str, Any] | None]:
    """Return why those that have not ended do not run, by id."""
    live = [each.id for each in executions if not is_terminal(each.status)]
    facts = await tx.waiting.facts(live) if live else {}
    return {id_: waiting_for(each) for id_, each in facts.items()}


def _said(
    execution: Execution, waiting: Mapping[int, dict[str, Any] | None]
) -> Execution:
    """Have an execution say what it waits for; its session is closed by now."""
    execution.waiting_for = waiting.get(execution.id)
    return execution


async def target_of(tx: Transaction, execution: Execution) -> Target:
    """Return the facts that constraints on executions are held against."""
    return Target(
        pack_ref=execution.pack_ref,
        owner_identity_id=execution.executor_id,
        execution_id=execution.id,
        ancestor_ids=await tx.executions.ancestors_of(execution.id),
        id=execution.id,
    )


def _join(pieces: list[tuple[int, bytes]], offset: int) -> bytes:
    """Put pieces together from `offset` on; stops at a gap."""
    out = bytearray()
    for begin, content in pieces:
        at = offset + len(out)
        if begin > at:
            break
        out += content[at - begin :]
    return bytes(out)
