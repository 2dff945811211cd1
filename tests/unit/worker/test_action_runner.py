"""An activity runs an action and, as the API says, what follows it in the workflow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from attune.domain.execution import ExecutionStatus as Status
from attune.messages.execution import ActionOutcome, ActionRun
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.report import AttemptEnd, AttemptRecord, AttemptStart
from attune.worker.action_runner import FENCE_SECONDS, Runner
from attune.worker.api_client import Refused
from attune.worker.attempt import Attempt
from tests.support.eventually import eventually
from tests.support.launches import launch_of

FIRST, SECOND, THIRD = 11, 12, 13


@dataclass
class FakeApi:
    """Plays the API: takes ends, and says what follows each."""

    follows: dict[int, int] = field(default_factory=dict)
    refuses: dict[int, Refused] = field(default_factory=dict)
    unsure: set[int] = field(default_factory=set)
    starts: list[tuple[int, AttemptStart]] = field(default_factory=list)
    ends: list[tuple[int, AttemptEnd]] = field(default_factory=list)

    async def start(self, execution_id: int, start: AttemptStart) -> ActionLaunch:
        self.starts.append((execution_id, start))
        return launch_of(execution_id, timeout_seconds=77)

    async def finish(self, execution_id: int, end: AttemptEnd) -> AttemptRecord:
        self.ends.append((execution_id, end))
        if execution_id in self.refuses:
            raise self.refuses[execution_id]
        following = self.follows.get(execution_id) if end.next else None
        return AttemptRecord(
            execution_id=execution_id,
            status=end.status,
            next=launch_of(following, timeout_seconds=5) if following else None,
            unsure=execution_id in self.unsure,
        )


@dataclass
class FakeAttempts:
    """Plays the machine: each process ends at once, or when it is told to."""

    lasting: set[int] = field(default_factory=set)
    ran: list[tuple[int, str]] = field(default_factory=list)

    async def run(self, launch: ActionLaunch, attempt: Attempt) -> AttemptEnd:
        self.ran.append((launch.execution_id, attempt.id))
        if launch.execution_id in self.lasting:
            await attempt.cancelled.wait()
        status = Status.CANCELLED if attempt.cancelled.is_set() else Status.COMPLETED
        return AttemptEnd(attempt_id=attempt.id, status=status)


def make_runner(api: Any, attempts: FakeAttempts | None = None) -> Runner:
    runner = Runner(api, attempts or FakeAttempts())
    runner.worker_id = 5
    return runner


def request(*, goes_on: bool = True) -> ActionRun:
    return ActionRun(execution_id=FIRST, goes_on=goes_on)


@asynccontextmanager
async def running(
    runner: Runner, execution_id: int
) -> AsyncIterator[asyncio.Task[ActionOutcome]]:
    """Run the activity; the block begins when this execution's process is there."""
    work = asyncio.create_task(runner.run(request()))
    await eventually(lambda: execution_id in runner.running_ids())
    try:
        yield work
    finally:
        runner.stop(execution_id)
        await work


async def test_what_follows_is_run_one_after_the_other() -> None:
    api, attempts = FakeApi({FIRST: SECOND, SECOND: THIRD}), FakeAttempts()

    outcome = await make_runner(api, attempts).run(request())

    assert [id_ for id_, _ in attempts.ran] == [FIRST, SECOND, THIRD]
    assert (outcome.execution_id, outcome.status) == (FIRST, Status.COMPLETED)
    assert outcome.went_on == {SECOND: Status.COMPLETED, THIRD: Status.COMPLETED}
    assert not outcome.unsure


async def test_only_the_first_has_to_be_started() -> None:
    api = FakeApi({FIRST: SECOND})

    await make_runner(api).run(request())

    assert [(id_, start.worker_id) for id_, start in api.starts] == [(FIRST, 5)]


async def test_each_is_ended_by_the_attempt_that_was_wished_for() -> None:
    api, attempts = FakeApi({FIRST: SECOND}), FakeAttempts()

    await make_runner(api, attempts).run(request())

    [(_, one), (_, two)] = api.ends
    assert one.next is not None
    assert two.attempt_id == one.next.attempt_id
    assert attempts.ran == [(FIRST, one.attempt_id), (SECOND, two.attempt_id)]


async def test_the_limit_of_the_first_holds_for_all_that_follow() -> None:
    api = FakeApi({FIRST: SECOND})

    await make_runner(api).run(request())

    wishes = [end.next for _, end in api.ends if end.next]
    assert [(wish.limit_seconds, wish.activity_of) for wish in wishes] == [
        (77, FIRST),
        (77, FIRST),
    ]


async def test_without_leave_to_go_on_nothing_is_wished_for() -> None:
    api = FakeApi({FIRST: SECOND})

    outcome = await make_runner(api).run(request(goes_on=False))

    assert [(id_, end.next) for id_, end in api.ends] == [(FIRST, None)]
    assert outcome.went_on == {}


async def test_it_names_the_one_that_runs_now() -> None:
    runner = make_runner(FakeApi({FIRST: SECOND}), FakeAttempts({SECOND}))

    async with running(runner, SECOND):
        assert list(runner.running_ids()) == [SECOND]

    assert not runner.running_ids()


async def test_a_follower_is_ended_by_its_own_id() -> None:
    api = FakeApi({FIRST: SECOND, SECOND: THIRD})
    runner = make_runner(api, FakeAttempts({SECOND}))

    async with running(runner, SECOND) as work:
        runner.stop(FIRST)
        await asyncio.sleep(0)
        assert not work.done()
        runner.stop(SECOND)
        outcome = await work

    assert outcome.went_on == {SECOND: Status.CANCELLED}
    assert outcome.status is Status.COMPLETED


async def test_nothing_follows_one_that_was_ended() -> None:
    api = FakeApi({FIRST: SECOND})
    runner = make_runner(api, FakeAttempts({FIRST}))

    async with running(runner, FIRST) as work:
        runner.stop(FIRST)
        outcome = await work

    assert (outcome.status, outcome.went_on) == (Status.CANCELLED, {})
    assert [end.next for _, end in api.ends] == [None]


async def test_a_refused_end_of_a_follower_leaves_it_to_the_run() -> None:
    api = FakeApi({FIRST: SECOND}, {SECOND: Refused(409, {})})

    outcome = await make_runner(api).run(request())

    assert (outcome.status, outcome.went_on) == (Status.COMPLETED, {})
    assert outcome.unsure


async def test_a_refused_end_of_the_first_is_answered_with_what_is_on_record() -> None:
    details = {"details": {"status": "abandoned"}}
    api = FakeApi(refuses={FIRST: Refused(409, details)})

    outcome = await make_runner(api).run(request())

    assert (outcome.status, outcome.unsure) == (Status.ABANDONED, False)


async def test_a_refusal_without_a_reason_fails_the_activity() -> None:
    api = FakeApi(refuses={FIRST: Refused(400, {})})

    with pytest.raises(ApplicationError):
        await make_runner(api).run(request())


@pytest.mark.parametrize("unsure", [FIRST, SECOND], ids=["first", "follower"])
async def test_what_the_api_is_unsure_of_reaches_the_run(unsure: int) -> None:
    api = FakeApi({FIRST: SECOND}, unsure={unsure})

    outcome = await make_runner(api).run(request())

    assert outcome.unsure
    assert outcome.went_on == {SECOND: Status.COMPLETED}


async def test_a_follower_that_may_be_rerun_ends_itself_without_the_api() -> None:
    runner = make_runner(RerunApi({FIRST: SECOND}), FakeAttempts({SECOND}))

    async with running(runner, SECOND) as work:
        runner.lost_contact(FENCE_SECONDS + 1)
        outcome = await work

    assert outcome.went_on == {SECOND: Status.CANCELLED}


async def test_one_that_may_not_be_rerun_goes_on_without_the_api() -> None:
    runner = make_runner(FakeApi({FIRST: SECOND}), FakeAttempts({SECOND}))

    async with running(runner, SECOND) as work:
        runner.lost_contact(FENCE_SECONDS + 1)
        await asyncio.sleep(0)
        assert not work.done()


class RerunApi(FakeApi):
    """The same for actions that may be run again when a worker is lost."""

    async def finish(self, execution_id: int, end: AttemptEnd) -> AttemptRecord:
        record = await super().finish(execution_id, end)
        if record.next is None:
            return record
        rerun = record.next.model_copy(update={"on_worker_loss": "rerun"})
        return record.model_copy(update={"next": rerun})
