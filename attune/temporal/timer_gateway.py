"""Speak to Temporal for timers: schedules, and runs that sleep."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from attune.domain.alarm import Calendar, CalendarAlarm, EveryAlarm, Span
from attune.domain.errors import InvalidInput, NotFound
from attune.messages import names
from attune.messages.timer import TimerWake
from attune.temporal.gateway import translate
from workflows.timer import TimerWorkflow

CATCH_UP: Final = timedelta(seconds=10)
"""The least that Temporal makes up for; the rows remember everything else."""

OVERLAP: Final = ScheduleOverlapPolicy.BUFFER_ONE
"""One run looks and one more waits, which is enough: each finds all that has come due.

To allow all of them costs a run for each time of an outage, and recovers far later.
"""

_PACK: Final = SearchAttributeKey.for_keyword_list(names.PACK_ATTRIBUTE)


class TimerGateway:
    """Sets and removes what wakes timers; an answer that does not come is Unavailable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def schedule(
        self, wake: TimerWake, alarm: EveryAlarm | CalendarAlarm, text: str, mark: str
    ) -> None:
        """Have a run started at these times; the mark tells which they are.

        InvalidInput where Temporal cannot express them after all.
        """
        name = names.timer_name(wake.rule_id)
        schedule = _schedule(wake, alarm, f"{text} [{mark}]")
        try:
            await self._client.create_schedule(name, schedule)
        except ScheduleAlreadyRunningError:
            await self._update(name, schedule)
        except RPCError as error:
            if error.status is RPCStatusCode.INVALID_ARGUMENT:
                raise InvalidInput(error.message) from error
            raise translate(error, name) from error

    async def _update(self, name: str, schedule: Schedule) -> None:
        def replaced(before: ScheduleUpdateInput) -> ScheduleUpdate:
            del before
            return ScheduleUpdate(schedule=schedule)

        try:
            await self._client.get_schedule_handle(name).update(replaced)
        except RPCError as error:
            raise translate(error, name) from error

    async def unschedule(self, rule_id: int) -> None:
        """Start no more runs; nothing happens where there is no schedule."""
        name = names.timer_name(rule_id)
        try:
            await self._client.get_schedule_handle(name).delete()
        except RPCError as error:
            failure = translate(error, name)
            if not isinstance(failure, NotFound):
                raise failure from error

    async def sleep(self, wake: TimerWake) -> None:
        """Have one run wait for the timer, and look at it now."""
        name = names.timer_name(wake.rule_id)
        try:
            await self._client.start_workflow(
                TimerWorkflow.run,
                wake,
                id=name,
                task_queue=names.ORCHESTRATION_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="changed",
                static_summary=f"sleeps for {wake.rule_ref}",
                search_attributes=_attributes(wake),
            )
        except RPCError as error:
            raise translate(error, name) from error

    async def rouse(self, rule_id: int) -> None:
        """Have the run that sleeps look at the timer now; none does no harm."""
        name = names.timer_name(rule_id)
        handle = self._client.get_workflow_handle(name)
        try:
            await handle.signal(TimerWorkflow.changed)
        except RPCError as error:
            failure = translate(error, name)
            if not isinstance(failure, NotFound):
                raise failure from error

    async def wake(self, wake: TimerWake) -> None:
        """Have a run look at the timer now, unless one does so already."""
        name = f"{names.timer_name(wake.rule_id)}-overdue"
        with suppress(WorkflowAlreadyStartedError):
            try:
                await self._client.start_workflow(
                    TimerWorkflow.run,
                    wake,
                    id=name,
                    task_queue=names.ORCHESTRATION_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    static_summary=f"{wake.rule_ref} is overdue",
                    search_attributes=_attributes(wake),
                )
            except RPCError as error:
                raise translate(error, name) from error

    async def marks(self) -> dict[int, list[str]]:
        """Return the marks of all schedules, by rule; it may lag by a second or two."""
        found: dict[int, list[str]] = {}
        try:
            async for listed in await self._client.list_schedules(page_size=1000):
                rule_id = names.rule_of_timer(listed.id)
                if rule_id is not None and listed.schedule is not None:
                    note = listed.schedule.state.note or ""
                    mark = note.rpartition("[")[2].rstrip("]")
                    found.setdefault(rule_id, []).append(mark)
        except RPCError as error:
            raise translate(error, "schedules") from error
        return found

    async def sleeping(self) -> list[int]:
        """Return the rules for which a run sleeps; it may lag as well."""
        query = "WorkflowType = 'Timer' AND ExecutionStatus = 'Running'"
        try:
            runs = [run.id async for run in self._client.list_workflows(query)]
        except RPCError as error:
            raise translate(error, "runs") from error
        found = (names.rule_of_timer(name) for name in runs)
        return [rule_id for rule_id in found if rule_id is not None]


def _schedule(
    wake: TimerWake, alarm: EveryAlarm | CalendarAlarm, note: str
) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            TimerWorkflow.run,
            wake,
            id=names.timer_name(wake.rule_id),
            task_queue=names.ORCHESTRATION_QUEUE,
            static_summary=wake.rule_ref,
            typed_search_attributes=_attributes(wake),
        ),
        spec=_spec(alarm),
        policy=SchedulePolicy(overlap=OVERLAP, catchup_window=CATCH_UP),
        state=ScheduleState(note=note),
    )


def _spec(alarm: EveryAlarm | CalendarAlarm) -> ScheduleSpec:
    if isinstance(alarm, EveryAlarm):
        every = ScheduleIntervalSpec(every=alarm.every, offset=alarm.offset)
        return ScheduleSpec(intervals=[every])
    return ScheduleSpec(calendars=[_calendar(each) for each in alarm.calendars])


def _calendar(calendar: Calendar) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        second=_ranges(calendar.seconds),
        minute=_ranges(calendar.minutes),
        hour=_ranges(calendar.hours),
        day_of_month=_ranges(calendar.days_of_month),
        month=_ranges(calendar.months),
        day_of_week=_ranges(calendar.days_of_week),
        year=_ranges(calendar.years),
    )


def _ranges(spans: Sequence[Span]) -> Sequence[ScheduleRange]:
    return [ScheduleRange(start, end) for start, end in spans]


def _attributes(wake: TimerWake) -> TypedSearchAttributes:
    pack: Sequence[str] = [wake.rule_ref.partition(".")[0]]
    return TypedSearchAttributes([SearchAttributePair(_PACK, pack)])
