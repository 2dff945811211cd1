"""Drive the workflow of a pack: do what `advance` orders, tell it what came of that.

The state is in the database. This run may be given up and taken up at any point: the
first question of every run brings whatever is still to be done.
"""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.workflow import WorkflowActivities
    from attune.messages.execution import (
        CancelRequest,
        ExecutionEnded,
        ExecutionOrder,
        WakeRequest,
    )
    from attune.messages.workflow import (
        Advance,
        Orders,
        TimerOrder,
        WorkflowReport,
        WorkflowRequest,
    )

    from workflows import options
    from workflows.life import Lives, let_ends_gather


@workflow.defn(name="Workflow")
class PackWorkflow:
    """One execution of a workflow of a pack, from its first task to its result."""

    def __init__(self) -> None:
        self._lives = Lives(go_on=True)
        self._open: dict[int, asyncio.Task[None]] = {}
        """The executions that this run carries."""
        self._timers: dict[int, asyncio.Task[None]] = {}
        self._alarm: asyncio.Task[None] | None = None
        self._glancing: asyncio.Task[None] | None = None
        """Set while more may run than this run was given."""
        self._glance = False
        self._in_a_hurry = False
        """One activity has brought several ends."""
        self._ended: list[int] = []
        self._due: list[int] = []
        self._look = True
        self._is_woken = False
        self._drain: asyncio.Task[None] | None = None
        """Set while nothing new is carried, so that a new run can take over."""
        self._drains_from = 0

    @workflow.run
    async def run(self, request: WorkflowRequest) -> WorkflowReport:
        """Obey orders until the workflow has ended, in this run or in the next."""
        orders = await self._advance(request)
        while orders.status is None:
            self._obey(orders)
            await workflow.wait_condition(self._has_news)
            self._drain_if_long()
            if self._has_drained():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(request)
            if self._more_ends_are_near():
                await let_ends_gather(options.SHORT_GATHERING)
            orders = await self._advance(request)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return WorkflowReport(execution_id=request.execution_id, status=orders.status)

    @workflow.signal(name="cancel")
    def cancel(self, request: CancelRequest) -> None:
        """Hear that a carried execution, or the workflow itself, is to end."""
        self._lives.cancelled.add(request.execution_id)
        self._look = self._look or request.execution_id not in self._open

    @workflow.signal(name="ended")
    def ended(self, ended: ExecutionEnded) -> None:
        """Hear that somebody else has recorded the end of an execution."""
        self._lives.ended.add(ended.execution_id)
        if ended.execution_id not in self._open:
            self._ended.append(ended.execution_id)

    @workflow.signal(name="wake")
    def wake(self, request: WakeRequest) -> None:
        """Look at the rows again."""
        del request
        self._look = self._is_woken = True

    def _more_ends_are_near(self) -> bool:
        """Tell whether what runs takes moments, or is so much that some will end now."""
        if self._glance or not self._open:
            return False
        return self._in_a_hurry or len(self._open) >= options.GATHERS_FROM

    async def _advance(self, request: WorkflowRequest) -> Orders:
        question = Advance(
            execution_id=request.execution_id,
            ended=self._ended,
            due=self._due,
            look=self._look,
            room=self._room(),
            under_way=len(self._open),
            glance=self._glance,
        )
        self._ended, self._due = [], []
        self._look = self._glance = self._is_woken = self._in_a_hurry = False
        return await workflow.execute_local_activity_method(
            WorkflowActivities.advance, question, **options.advance()
        )

    def _obey(self, orders: Orders) -> None:
        for order in orders.run:
            if not {order.execution_id, order.activity_of} & self._open.keys():
                task = asyncio.create_task(self._carry(order))
                self._open[order.execution_id] = task
        for timer in orders.timers:
            if timer.timer_id not in self._timers:
                task = asyncio.create_task(self._wait(timer))
                self._timers[timer.timer_id] = task
        self._lives.cancelled.update(orders.cancel)
        if orders.look_in_seconds is not None and self._alarm is None:
            self._alarm = asyncio.create_task(self._wait_for_end(orders))
        if orders.has_backlog and self._glancing is None and self._drain is None:
            self._glancing = asyncio.create_task(self._wait_to_glance())

    async def _carry(self, order: ExecutionOrder) -> None:
        await self._lives.bring_to_end(order)
        del self._open[order.execution_id]
        self._ended += [order.execution_id, *self._lives.went_on]
        self._look = self._look or order.execution_id in self._lives.unsure
        self._in_a_hurry = self._in_a_hurry or bool(self._lives.went_on)
        self._lives.went_on = []

    async def _wait(self, timer: TimerOrder) -> None:
        await workflow.sleep(timer.seconds, summary=f"timer {timer.timer_id}")
        del self._timers[timer.timer_id]
        self._due.append(timer.timer_id)

    async def _wait_for_end(self, orders: Orders) -> None:
        await workflow.sleep(orders.look_in_seconds or 0, summary="time limit")
        self._alarm = None
        self._look = True

    async def _wait_to_glance(self) -> None:
        """Give what runs a moment to take up the backlog, one after the other."""
        await workflow.sleep(options.GLANCE, summary="does the backlog shrink?")
        self._glancing = None
        self._glance = True

    def _has_news(self) -> bool:
        return bool(
            self._ended
            or self._due
            or self._look
            or self._glance
            or self._has_drained()
        )

    def _room(self) -> int:
        """Return how many more executions this run may carry; none while it drains.

        They are few at first, and as many again at each glance: those that take moments
        do not need an activity each.
        """
        if self._drain:
            return 0
        room = max(0, options.LARGEST_RUN - len(self._open))
        if self._is_woken:
            return room
        more = len(self._open) if self._glance else 0
        return min(room, max(options.HANDS, more))

    def _drain_if_long(self) -> None:
        info = workflow.info()
        if (
            self._drain is None
            and info.is_continue_as_new_suggested()
            and info.get_current_history_length() >= self._drains_from
        ):
            self._drain = asyncio.create_task(self._give_up_draining())

    async def _give_up_draining(self) -> None:
        """Go on in this run where something that it carries takes long."""
        await workflow.sleep(options.DRAINING, summary="let the run drain")
        length = workflow.info().get_current_history_length()
        if length < options.LONGEST_HISTORY:
            self._drains_from = length + options.HISTORY_STEP
            self._drain = None
            self._look = True

    def _has_drained(self) -> bool:
        return self._drain is not None and not self._open
