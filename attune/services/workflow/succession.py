"""Let a worker go on with a workflow without the way through Temporal.

An execution that ends is followed, in the same activity, by one that waits for room in
the run of its workflow, which is started with the end itself, or by the one task that
the last of several ends leads to. Either is a row that names the activity it runs in. The
run hears of the ends when the activity returns, and finds out by itself, from the rows,
when it does not.
"""

from typing import Final

from attune.db.database import Database, Transaction
from attune.db.repositories.attempt import StartedExecution
from attune.db.repositories.succession import PlaceInWorkflow
from attune.domain.errors import Conflict
from attune.domain.execution import ExecutionKind
from attune.messages.execution import ExecutionOrder
from attune.messages.names import runtime_queue
from attune.messages.workflow import Advance
from attune.runtimes.report import NextAttempt
from attune.services.workflow.advance import AdvanceService, Step

LARGEST_BYTES: Final = 64_000
MOST_ENDS: Final = 100
"""The run takes the step where more is at hand: nobody else waits for it meanwhile."""
ROOM: Final = 100
"""The run carries nothing else then."""


class SuccessionService:
    """Finds what follows, and starts it for the attempt that asks."""

    def __init__(self, database: Database, advancing: AdvanceService) -> None:
        self._database = database
        self._advancing = advancing

    async def start_next(
        self, execution_id: int, wish: NextAttempt
    ) -> StartedExecution | None:
        """Start the one task that follows the end on record; None if there is none.

        Repeating it starts the same again, and nothing else. Raises Conflict when what
        it has begun before is not to be run any more.
        """
        async with self._database.transaction() as tx:
            place = await _place(tx, execution_id, wish)
            if place is None:
                return None
            if place.begun is not None:
                return await _start_again(tx, place.begun, wish)
            step = await self._step(tx, execution_id, place)
            if step is None:
                return None
            started = await _start_following(tx, execution_id, step, place, wish)
        self._advancing.remember(step)
        return started

    async def _step(
        self, tx: Transaction, execution_id: int, place: PlaceInWorkflow
    ) -> Step | None:
        """Advance the workflow where that is certain to be little work."""
        is_much = place.count > MOST_ENDS or (place.size or 0) > LARGEST_BYTES
        if is_much or not place.may_advance:
            return None
        question = Advance(
            execution_id=place.workflow, ended=[execution_id], room=ROOM, glance=True
        )
        return await self._advancing.step(tx, question, after=place.tasks or ())


async def _place(
    tx: Transaction, execution_id: int, wish: NextAttempt
) -> PlaceInWorkflow | None:
    return await tx.succession.place_of(execution_id, wish.attempt_id, wish.worker_id)


async def _start_following(
    tx: Transaction,
    execution_id: int,
    step: Step,
    place: PlaceInWorkflow,
    wish: NextAttempt,
) -> StartedExecution | None:
    """Start what the step has ordered, or what another copy of this call has begun."""
    if step.is_own:
        next_id = _only_order(step, place, wish)
        return await _start(tx, next_id, wish) if next_id else None
    now = await _place(tx, execution_id, wish)
    if now is None or now.begun is None:
        return None
    return await _start_again(tx, now.begun, wish)


async def _start_again(
    tx: Transaction, execution_id: int, wish: NextAttempt
) -> StartedExecution:
    """Answer a repeated call, whatever has become of the workflow meanwhile."""
    started = await _start(tx, execution_id, wish)
    if started is None:
        raise Conflict(f"Execution {execution_id} is not to be run any more")
    return started


async def _start(
    tx: Transaction, execution_id: int, wish: NextAttempt
) -> StartedExecution | None:
    return await tx.attempts.start(
        execution_id, wish.attempt_id, wish.worker_id, activity_of=wish.activity_of
    )


def _only_order(step: Step, place: PlaceInWorkflow, wish: NextAttempt) -> int | None:
    """Return what is to be run, if that is all there is to do, and can be done here."""
    orders = step.orders
    if len(orders.run) != 1 or orders.timers or orders.cancel:
        return None
    [order] = orders.run
    return order.execution_id if _fits(order, place, wish) else None


def _fits(order: ExecutionOrder, place: PlaceInWorkflow, wish: NextAttempt) -> bool:
    return (
        order.kind is ExecutionKind.ACTION
        and order.queue == runtime_queue(place.runtime_ref)
        and order.limit_seconds <= wish.limit_seconds
    )
