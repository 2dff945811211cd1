"""A task over the elements of a list: how many at once, in what order, to what end."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin, Expand, Run
from attune.domain.workflow_state import FanOut
from tests.support.workflow_play import Answer, Play, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
TIMEOUT = ExecutionStatus.TIMEOUT
A: Any = {"action": "a.b"}


def over(items: Any, **fields: Any) -> dict[str, Any]:
    each = {**A, "with_items": items, "input": {"v": "{{ item }}", "i": "{{ index }}"}}
    after = {**A, "input": {"all": "{{ task.each.result }}"}}
    return {"tasks": {"each": {**each, **fields}, "after": after}}


def echo(run: Run) -> Answer:
    return {"said": (run.parameters or {}).get("v")}


def test_every_item_has_a_run_and_the_result_is_in_their_order() -> None:
    begun = Play(
        compile_workflow(over("{{ ['a', 'b', 'c'] }}", concurrency=3, next="after")),
        echo,
    )
    begun.feed(Begin())
    for child in reversed(list(begun.open)):
        begun.end(child)

    assert [run.parameters for run in begun.runs_of("each")] == [
        {"v": "a", "i": 0},
        {"v": "b", "i": 1},
        {"v": "c", "i": 2},
    ]
    assert {(run.item_total, run.batch) for run in begun.runs_of("each")} == {(3, None)}
    assert begun.runs_of("after")[0].parameters == {
        "all": [{"said": "a"}, {"said": "b"}, {"said": "c"}]
    }


@pytest.mark.parametrize(
    ("fields", "together"),
    [({}, 1), ({"concurrency": 2}, 2), ({"concurrency": "{{ 1 + 2 }}"}, 3)],
    ids=str,
)
def test_so_many_run_at_once(fields: Any, together: int) -> None:
    begun = Play(compile_workflow(over("{{ range(0, 9) }}", **fields)))
    begun.feed(Begin())
    open_ones = []
    while any(child.run.task == "each" for child in begun.open):
        open_ones.append(sum(child.run.task == "each" for child in begun.open))
        begun.end(begun.child("each", 0))

    assert max(open_ones) == together
    assert open_ones[: 9 - together] == [together] * (9 - together)


def test_never_more_than_a_hundred_run_at_once() -> None:
    begun = Play(compile_workflow(over("{{ range(0, 500) }}", concurrency=400)))
    begun.feed(Begin())

    assert len(begun.runs_of("each")) == 100


def test_batches_come_one_after_the_other() -> None:
    begun = Play(compile_workflow(over("{{ range(0, 7) }}", batch_size=3)))
    begun.feed(Begin())
    seen = []
    begun.end(begun.child("after"))
    while begun.open:
        seen.append([child.run.batch for child in begun.open])
        begun.end(begun.open[-1])

    assert seen == [[0, 0, 0], [0, 0], [0], [1, 1, 1], [1, 1], [1], [2]]


def test_within_a_batch_fewer_may_run_at_once() -> None:
    begun = Play(
        compile_workflow(over("{{ range(0, 4) }}", batch_size=2, concurrency=1))
    )
    begun.feed(Begin())

    assert len(begun.runs_of("each")) == 1


def test_an_empty_list_is_done_at_once() -> None:
    played = play(over([], next="after"), answer=echo)

    assert played.ran == ["after"]
    assert played.runs_of("after")[0].parameters == {"all": []}
    assert played.tasks["each"].status == COMPLETED
    assert played.conclusion.status is COMPLETED


@pytest.mark.parametrize(
    ("items", "kind"),
    [("{{ 'abc' }}", "string"), ("{{ 5 }}", "number"), ("{{ nothing }}", "null")],
)
def test_what_is_no_list_is_a_failure(items: str, kind: str) -> None:
    played = play(over(items, on_failure="after", retry={"count": 3}), answer=echo)

    problem = f"tasks.each.with_items: must give a list, not {kind}"
    assert [run.problem for run in played.runs_of("each")] == [problem]
    assert played.runs_of("after")[0].parameters == {
        "all": {"succeeded": False, "error": problem}
    }
    assert played.conclusion.status is COMPLETED


def test_a_failed_item_fails_the_task_after_all_have_ended() -> None:
    played = play(
        over("{{ range(0, 4) }}", on_failure="after"),
        answer=lambda run: (FAILED, {"error": "bad"}) if run.item == 1 else echo(run),
    )

    assert len(played.runs_of("each")) == 4
    assert played.tasks["each"].status == FAILED
    assert played.runs_of("after")[0].parameters == {
        "all": [{"said": 0}, None, {"said": 2}, {"said": 3}]
    }


def test_how_many_failed_is_told_with_the_first_reason() -> None:
    played = play(
        over("{{ range(0, 4) }}"),
        answer=lambda run: (
            (FAILED, {"error": f"bad {run.item}"}) if run.item in (1, 2) else COMPLETED
        ),
    )

    assert played.conclusion.error == (
        "Workflow failed: 1 task(s) failed: each: 2 of 4 items failed: bad 1"
    )


@pytest.mark.parametrize(("others", "status"), [(COMPLETED, TIMEOUT), (FAILED, FAILED)])
def test_the_run_timed_out_if_every_failure_was_a_time_out(
    others: ExecutionStatus, status: ExecutionStatus
) -> None:
    played = play(
        over("{{ range(0, 2) }}", on_timeout="after", on_failure="after"),
        answer=lambda run: TIMEOUT if run.item == 0 else others,
    )

    assert played.tasks["each"].status == status


def test_transitions_see_the_list_and_publish_it() -> None:
    played = play(
        over(
            [3, 4],
            next={"publish": {"n": "{{ length(result()) }}", "r": "{{ result() }}"}},
        ),
        answer=echo,
    )

    assert played.state.variables == {"n": 2, "r": [{"said": 3}, {"said": 4}]}


def test_a_list_in_the_definition_may_hold_templates() -> None:
    played = play(over(["{{ parameters.a }}", {"b": "{{ 1 }}"}]), parameters={"a": "x"})

    assert [order.values for order in played.orders if isinstance(order, Expand)] == [
        ["x", {"b": 1}]
    ]


def test_each_item_is_attempted_again_by_itself() -> None:
    played = play(
        over([1, 2], retry={"count": 1}, next="after"),
        answer=lambda run: (
            FAILED if run.item == 0 and run.retry_count == 0 else echo(run)
        ),
    )

    runs = [
        (run.item, run.retry_count, run.parameters) for run in played.runs_of("each")
    ]
    assert runs == [
        (0, 0, {"v": 1, "i": 0}),
        (0, 1, {"v": 1, "i": 0}),
        (1, 0, {"v": 2, "i": 1}),
    ]
    assert played.tasks["each"].status == COMPLETED


def test_an_item_whose_input_cannot_be_made_fails_and_the_others_run() -> None:
    played = play(over([1, "x"], input={"n": "{{ item + 1 }}"}))

    assert [run.problem is None for run in played.runs_of("each")] == [True, False]
    assert "1 of 2 items failed: tasks.each.input.n: '+' cannot" in str(
        played.conclusion.error
    )


def test_a_list_is_gone_over_once_for_every_run() -> None:
    tasks = over([1, 2])["tasks"]
    tasks["each"]["next"] = "after"
    tasks["x"] = {**A, "next": "each"}
    tasks["y"] = {**A, "next": "each"}
    played = play({"tasks": tasks}, answer=echo)

    assert [(run.run, run.item) for run in played.runs_of("each")] == [
        (1, 0),
        (2, 0),
        (1, 1),
        (2, 1),
    ]
    assert len(played.runs_of("after")) == 2


@given(
    st.integers(1, 30),
    st.integers(1, 8),
    st.none() | st.integers(1, 8),
)
def test_a_fan_out_starts_every_item_once_and_in_order(
    total: int, concurrency: int, batch_size: int | None
) -> None:
    fan_out = FanOut(total=total, concurrency=concurrency, batch_size=batch_size)
    started: list[int] = []
    while not fan_out.is_over:
        foreseen = fan_out.next_items(freed=1) if fan_out.live else None
        if fan_out.live:
            fan_out.live -= 1
            fan_out.ended += 1
        items = fan_out.next_items()
        assert foreseen in (None, items)
        started += items
        fan_out.next_index += len(items)
        fan_out.live += len(items)
        assert fan_out.live <= concurrency
        assert (
            len({at // (batch_size or total) for at in started[fan_out.ended :]}) <= 1
        )
        assert fan_out.live or fan_out.is_over

    assert started == list(range(total))
