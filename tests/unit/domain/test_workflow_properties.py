"""Whatever the graph and whatever happens in it, a workflow comes to one end."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin, Event, Order, Over, Run, Stop, Wait
from attune.domain.workflow_join import fired_by, unfired_joins
from attune.domain.workflow_state import TaskState
from tests.support.workflow_graphs import ENDS, Fate, definitions, ends
from tests.support.workflow_play import Play


def begun(definition: JsonObject, fate: Fate, **more: Any) -> Play:
    play = Play(compile_workflow(definition), fate, max_task_runs=4, **more)
    play.feed(Begin())
    return play


def go_on(play: Play, fate: Fate, at_most: int = 10_000) -> None:
    for _ in range(at_most):
        if not play.open and not play.waits:
            return
        chosen = fate.choose(len(play.open) + len(play.waits))
        if chosen < len(play.open):
            play.end(play.open[chosen])
        else:
            play.due(play.waits[chosen - len(play.open)])


@given(definitions(), ends)
def test_every_workflow_ends_exactly_once(
    definition: JsonObject, ends: list[ExecutionStatus]
) -> None:
    fate = Fate(ends)
    play = begun(definition, fate)
    go_on(play, fate)

    assert len(play.conclusions) == 1
    assert play.state.live == 0
    assert play.state.scopes == {}
    assert all(not task.live and not task.waiting for task in play.tasks.values())
    assert all(fan_out.is_over for fan_out in play.fan_outs.values())


@given(definitions(), ends, st.integers(0, 20))
def test_a_workflow_that_is_stopped_ends_and_starts_nothing_more(
    definition: JsonObject, ends: list[ExecutionStatus], when: int
) -> None:
    fate = Fate(ends)
    play = begun(definition, fate)
    go_on(play, fate, when)
    if play.conclusions:
        return

    play.feed(Stop())
    started = len(play.children)
    go_on(play, fate)

    assert len(play.children) == started
    assert play.conclusion.status in (ExecutionStatus.CANCELLED, ExecutionStatus.FAILED)
    assert not play.waits


class _Watched(Play):
    """Looks at what each step does to the tasks."""

    def step(self, event: Event) -> list[Order]:
        before = {name: task.runs for name, task in self.tasks.items()}
        orders = super().step(event)
        for name, task in self.tasks.items():
            # A task with nested tasks that was reached meanwhile starts again.
            again = isinstance(event, Over) and event.task == name
            assert task.runs - before.get(name, 0) <= 1 + again
            self._look_at_join(name, task)
        places = [
            (order.task, order.run, order.item)
            for order in orders
            if isinstance(order, Run | Wait)
        ]
        assert len(places) == len(set(places))
        return orders

    def _look_at_join(self, name: str, task: TaskState) -> None:
        wanted = self.workflow.tasks[name].join
        if wanted is not None:
            assert task.fired == fired_by(task.arrivals, wanted)


@given(definitions(), ends)
def test_an_end_starts_a_target_once_and_a_join_fires_as_often_as_it_may(
    definition: JsonObject, ends: list[ExecutionStatus]
) -> None:
    fate = Fate(ends)
    play = _Watched(compile_workflow(definition), fate, max_task_runs=4)
    play.feed(Begin())
    go_on(play, fate)


@given(definitions(), ends)
def test_a_workflow_fails_exactly_if_something_was_not_handled(
    definition: JsonObject, ends: list[ExecutionStatus]
) -> None:
    fate = Fate(ends)
    play = begun(definition, fate)
    go_on(play, fate)

    has_failed = play.conclusion.status is ExecutionStatus.FAILED
    reasons = [
        play.state.failures,
        play.state.error,
        unfired_joins(play.workflow, play.tasks),
    ]
    assert has_failed is any(reasons)
    assert (play.conclusion.error is not None) is has_failed


@given(definitions(), st.lists(st.sampled_from(ENDS), min_size=1))
def test_more_than_is_needed_and_another_time_change_nothing(
    definition: JsonObject, ends: list[ExecutionStatus]
) -> None:
    plays = []
    for more in ("", "loads_everything", "is_quick"):
        fate = Fate(ends)
        play = begun(definition, fate, **{more: True} if more else {})
        go_on(play, fate)
        plays.append(play)

    first, *others = plays
    for other in others:
        assert other.orders == first.orders
        assert other.conclusions == first.conclusions
        assert other.state == first.state


@given(definitions(), ends, ends, st.data())
def test_a_workflow_that_runs_again_ends_again(
    definition: JsonObject,
    ends: list[ExecutionStatus],
    more: list[ExecutionStatus],
    data: st.DataObject,
) -> None:
    fate = Fate(ends)
    play = begun(definition, fate)
    go_on(play, fate)
    names = sorted(play.workflow.tasks)
    chosen = data.draw(st.lists(st.sampled_from(names), max_size=3))

    try:
        again = play.restarted(chosen)
    except InvalidInput:
        assert not chosen
        return
    again.answer = fate = Fate(more)
    go_on(again, fate)

    assert len(again.conclusions) == 1
    assert again.state.live == 0
    assert again.state.scopes == {}
