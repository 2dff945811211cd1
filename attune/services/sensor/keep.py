"""Decide about the processes of sensors: which workflow has to look, and what it does."""

from collections.abc import Sequence

from attune.db.database import Database, Transaction
from attune.db.repositories.sensor_process import LockedProcess
from attune.domain.sensor import MAY_LIVE, SensorState, Step, StepKind, next_step
from attune.messages.names import sensor_queue
from attune.messages.sensor import SensorOrder, SensorQuestion

LOST = "its worker was not heard of any more"


class SensorKeepService:
    """The orders of the workflows that keep sensors alive, each one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_out_of_step(self) -> Sequence[str]:
        """Return the sensors whose workflows have something to do."""
        async with self._database.autocommit() as tx:
            return await tx.sensor_needs.find_out_of_step()

    async def next_order(self, question: SensorQuestion) -> SensorOrder:
        """Decide under the lock of the row, and write what was decided."""
        async with self._database.transaction() as tx:
            found = await tx.sensor_processes.lock(question.sensor_ref)
            if found is None:
                return SensorOrder(kind=StepKind.STOP)
            step = next_step(
                found.facts, carried=question.carried, declined=question.declined
            )
            return await _write(tx, question.sensor_ref, found, step)


async def _write(
    tx: Transaction, ref: str, found: LockedProcess, step: Step
) -> SensorOrder:
    processes = tx.sensor_processes
    match step.kind:
        case StepKind.RUN:
            return await _order(tx, ref, found)
        case StepKind.STOP:
            await processes.stop(ref)
        case StepKind.END:
            await processes.ask_to_end(ref)
        case StepKind.KEEP:
            await processes.note_look(ref)
        case StepKind.WAIT if found.facts.state in MAY_LIVE:
            await processes.ask_to_end(ref)
        case StepKind.WAIT if found.facts.state is not SensorState.WAITING:
            await processes.wait(ref, step.wait_seconds)
        case StepKind.WAIT:
            await processes.note_look(ref)
    return SensorOrder(kind=step.kind, wait_seconds=step.wait_seconds)


async def _order(tx: Transaction, ref: str, found: LockedProcess) -> SensorOrder:
    if found.facts.state in MAY_LIVE:
        await tx.sensor_processes.note_lost(ref, LOST)
    generation = await tx.sensor_processes.order(
        ref, found.definition, is_outdated=found.facts.is_outdated
    )
    return SensorOrder(
        kind=StepKind.RUN,
        generation=generation,
        queue=sensor_queue(found.runtime_ref),
    )
