"""Take what waits in the database to Temporal: requested executions and outbox rows.

The only part that starts and signals anything in Temporal for the outside world. A
NOTIFY wakes it; it also looks by itself, so a lost wake-up, a crash at any point or an
hour without Temporal only delays.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from attune.db.listener import Listener
from attune.domain.errors import NotFound, Unavailable
from attune.messages.execution import ExecutionOrder, ExecutionRequest
from attune.messages.workflow import WorkflowRequest
from attune.services.dispatch import (
    DispatchService,
    Hosting,
    SignalKind,
    WaitingSignal,
    fills_a_queue,
)
from attune.temporal.gateway import Gateway
from attune.worker.admission import Admission

logger = logging.getLogger(__name__)

CHANNEL = "attune_dispatch"
OUTBOX = "outbox"
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
CONCURRENT_CALLS = 16
HELD_BACK_SECONDS = 0.1
"""Between two looks while queues are long; their shortening sends no wake-up."""


class Dispatcher:
    """Speaks to Temporal for the rows that wait; any number may run side by side."""

    def __init__(
        self,
        dispatch: DispatchService,
        gateway: Gateway,
        listener: Listener,
        admission: Admission,
        *,
        look_seconds: float,
    ) -> None:
        self._dispatch = dispatch
        self._admission = admission
        self._gateway = gateway
        self._listener = listener
        self._look_seconds = look_seconds
        self._calls = asyncio.Semaphore(CONCURRENT_CALLS)
        self._requested = asyncio.Event()
        self._posted = asyncio.Event()
        self._looked_for_lapsed_at = 0.0
        self._queues_are_long = False

    async def run(self) -> None:
        """Dispatch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop(self._dispatch_executions, self._requested))
            group.create_task(self._loop(self._deliver_signals, self._posted))
            group.create_task(self._listen())

    async def _listen(self) -> None:
        async for channel, payload in self._listener:
            self._tell_admission(channel, payload)
            if payload == OUTBOX or not channel:
                self._posted.set()
            if payload != OUTBOX or not channel:
                self._requested.set()

    def _tell_admission(self, channel: str, payload: str) -> None:
        if not channel:
            self._admission.look_anew()
        elif payload != OUTBOX:
            self._admission.wake(payload)

    async def _loop(
        self, step: Callable[[], Awaitable[bool]], wake: asyncio.Event
    ) -> None:
        pause = PAUSE_SECONDS
        while True:
            wake.clear()
            try:
                more = await step()
                pause = PAUSE_SECONDS
            except Unavailable as error:
                logger.warning("dispatch waits", extra={"reason": error.message})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            if not more:
                await self._rest(wake)

    async def _rest(self, wake: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._look_seconds):
                await wake.wait()

    async def _dispatch_executions(self) -> bool:
        hostings = await self._claim()
        if not hostings:
            return await self._wait_for_room()
        outcomes = await asyncio.gather(
            *(self._start(hosting) for hosting in hostings), return_exceptions=True
        )
        pairs = list(zip(hostings, outcomes, strict=True))
        await self._dispatch.confirm([h for h, failure in pairs if failure is None])
        failed = [h for h, failure in pairs if failure]
        if failed:
            await self._dispatch.release(failed)
            self._looked_for_lapsed_at = 0.0
        _raise_first(outcomes)
        self._queues_are_long = fills_a_queue(hostings)
        return True

    async def _claim(self) -> list[Hosting]:
        """Claim what is new, and from time to time what somebody left behind."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_for_lapsed_at >= self._look_seconds:
            self._looked_for_lapsed_at = now
            if lapsed := await self._dispatch.claim_lapsed():
                return lapsed
        return await self._dispatch.claim()

    async def _wait_for_room(self) -> bool:
        if not self._queues_are_long:
            return False
        self._queues_are_long = await self._dispatch.is_held_back()
        if self._queues_are_long:
            await asyncio.sleep(HELD_BACK_SECONDS)
        return self._queues_are_long

    async def _start(self, hosting: Hosting) -> None:
        async with self._calls:
            if hosting.drives_workflow:
                await self._gateway.start_workflow(
                    hosting.workflow_id, _workflow(hosting), hosting.trace_tag
                )
            else:
                await self._gateway.start_executions(
                    hosting.workflow_id, _request(hosting), hosting.trace_tag
                )

    async def _deliver_signals(self) -> bool:
        signals = await self._dispatch.claim_signals()
        outcomes = await asyncio.gather(
            *(self._deliver(signal) for signal in signals), return_exceptions=True
        )
        _raise_first(outcomes)
        return bool(signals)

    async def _deliver(self, signal: WaitingSignal) -> None:
        async with self._calls:
            try:
                await self._send(signal)
            except NotFound:
                await self._dispatch.undeliverable(signal)
            else:
                await self._dispatch.delivered(signal)

    async def _send(self, signal: WaitingSignal) -> None:
        send = {
            SignalKind.CANCEL: self._gateway.cancel_execution,
            SignalKind.ENDED: self._gateway.tell_end,
            SignalKind.WAKE: self._gateway.wake,
        }[signal.kind]
        await send(signal.workflow_id, signal.execution_id)


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


def _request(hosting: Hosting) -> ExecutionRequest:
    return ExecutionRequest(
        executions=[
            ExecutionOrder(
                execution_id=waiting.execution_id,
                action_ref=waiting.action_ref,
                queue=waiting.queue,
                limit_seconds=waiting.limit_seconds,
                kind=waiting.kind,
            )
            for waiting in hosting.executions
        ]
    )


def _workflow(hosting: Hosting) -> WorkflowRequest:
    first = hosting.executions[0]
    return WorkflowRequest(execution_id=first.execution_id, action_ref=first.action_ref)
