"""Tasks with nested tasks: a stage of its own that begins, ends and fails as one."""

from typing import Any

from attune.domain.execution import ExecutionStatus
from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_event import Begin
from tests.support.workflow_play import Play, answers, play

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
A: Any = {"action": "a.b"}


def staged(nested: dict[str, Any], **fields: Any) -> dict[str, Any]:
    after = {**A, "input": {"r": "{{ task.stage.result }}"}}
    stage = {"type": "parallel", "tasks": nested, "next": "after", **fields}
    return {"tasks": {"stage": stage, "after": after}}


def test_nested_tasks_start_together_and_the_stage_ends_with_the_last() -> None:
    begun = Play(
        compile_workflow(staged({"a": {**A, "next": "c"}, "b": A, "c": A})),
        lambda run: {"from": run.task},
    )
    begun.feed(Begin())

    assert begun.ran == ["a", "b"]
    assert {run.triggered_by for run in begun.runs_of("a")} == {"stage"}
    begun.end(begun.child("a"))
    begun.end(begun.child("b"))
    assert begun.ran == ["a", "b", "c"]
    begun.end(begun.child("c"))
    assert begun.runs_of("after")[0].parameters == {
        "r": {"a": {"from": "a"}, "b": {"from": "b"}, "c": {"from": "c"}}
    }
    assert begun.tasks["stage"].status == COMPLETED


def test_a_failure_within_that_nothing_handles_fails_the_stage_when_it_ends() -> None:
    played = play(
        staged(
            {"a": A, "b": {**A, "next": "c"}, "c": A}, next=None, on_failure="after"
        ),
        answer=answers(a=(FAILED, {"error": "no"})),
    )

    assert played.ran == ["a", "b", "c", "after"]
    assert played.tasks["stage"].status == FAILED
    assert played.conclusion.status is COMPLETED


def test_the_reason_of_a_stage_is_that_of_its_task() -> None:
    played = play(
        staged({"a": A, "b": A}, next=None), answer=answers(a=(FAILED, {"error": "no"}))
    )

    assert played.conclusion.error == (
        "Workflow failed: 1 task(s) failed: stage: 1 task(s) failed: a: no"
    )


def test_a_failure_that_is_handled_within_fails_nothing() -> None:
    played = play(
        staged({"a": {**A, "on_failure": "b"}, "b": A}), answer=answers(a=FAILED)
    )

    assert played.tasks["stage"].status == COMPLETED


def test_a_join_within_that_cannot_fire_fails_the_stage() -> None:
    nested = {
        "a": {**A, "next": "j"},
        "b": {**A, "on_failure": "j"},
        "j": {**A, "join": "all"},
    }
    played = play(staged(nested, next=None))

    assert "stage: Task 'j' waited for 2 arrivals and got 1 (from a)" in str(
        played.conclusion.error
    )


def test_what_a_stage_publishes_is_there_for_what_follows() -> None:
    fields = {
        "publish": {"x": "{{ result().a.n + task.stage.result.a.n }}"},
        "next": {"when": "succeeded() and result().a.n == 1", "do": "after"},
    }
    played = play(staged({"a": A}, **fields), answer=lambda _: {"n": 1})

    assert played.ran == ["a", "after"]
    assert played.state.variables == {"x": 2}


def test_a_stage_may_be_skipped_delayed_and_joined() -> None:
    definition = staged({"a": A}, when="false")
    assert play(definition).ran == ["after"]

    definition = staged({"a": A}, delay=4)
    played = play(definition)
    assert played.ran == ["a", "after"]
    assert [wait.seconds for wait in played.all_waits] == [4]

    definition["tasks"]["stage"]["join"] = "all"
    definition["tasks"] |= {"x": {**A, "next": "stage"}, "y": {**A, "next": "stage"}}
    assert play(definition).ran == ["x", "y", "a", "after"]


def test_a_stage_whose_delay_cannot_be_made_fails() -> None:
    played = play(staged({"a": A}, delay="{{ 'x' }}", next=None))

    assert "a" not in played.ran
    assert "stage: tasks.stage.delay: must be a number" in str(played.conclusion.error)


def test_a_stage_of_skipped_tasks_is_over_at_once() -> None:
    nested = {
        "a": {**A, "when": "false"},
        "b": {**A, "with_items": []},
        "inner": {"tasks": {"c": {**A, "when": "false"}}},
    }
    played = play(staged(nested))

    assert played.ran == ["after"]
    assert played.runs_of("after")[0].parameters == {
        "r": {"a": None, "b": [], "inner": None} | {"inner": {"c": None}}
    }


def test_a_stage_that_is_reached_while_it_runs_starts_again_after_its_end() -> None:
    definition = staged({"a": {**A, "next": "b"}, "b": A}, next=None)
    definition["tasks"] |= {"x": {**A, "next": "stage"}, "y": {**A, "next": "stage"}}
    del definition["tasks"]["after"]
    played = play(definition)

    assert played.ran == ["x", "y", "a", "b", "a", "b"]
    assert played.tasks["stage"].runs == 2


def test_a_stage_begins_anew_every_time() -> None:
    nested = {
        "a": {**A, "next": {"when": "n == 0", "do": ["j", "only_once"]}},
        "b": {**A, "next": "j"},
        "j": {**A, "join": 2},
        "only_once": A,
    }
    played = play(
        {
            "vars": {"n": 0},
            "tasks": {
                "stage": {
                    "tasks": nested,
                    "publish": {"n": "{{ n + 1 }}", "r": "{{ result() }}"},
                    "next": {"when": "n < 2 and succeeded()", "do": "stage"},
                }
            },
        },
        answer=lambda run: {"n": run.run},
    )

    # The arrival of the first round does not count in the second.
    assert "Task 'j' waited for 2 arrivals and got 1 (from b)" in str(
        played.conclusion.error
    )
    assert played.tasks["only_once"].status is None


def test_stages_are_nested_to_any_depth() -> None:
    innermost: dict[str, Any] = {"leaf": {**A, "next": "last"}, "last": A}
    for depth in range(6):
        innermost = {f"s{depth}": {"tasks": innermost}}
    played = play({"tasks": innermost}, answer=answers(last=FAILED))

    assert played.ran == ["leaf", "last"]
    assert str(played.conclusion.error).count("1 task(s) failed") == 7


def test_the_result_of_a_task_within_can_be_read_from_outside() -> None:
    definition = staged({"a": A, "inner": {"tasks": {"b": A}}})
    definition["tasks"]["after"]["input"] = {
        "a": "{{ task.stage.result.a.n }}",
        "b": "{{ task.stage.result.inner.b.n }}",
        "direct": "{{ task.b.result.n }}",
        "status": "{{ task.inner.status }}",
    }
    played = play(definition, answer=lambda run: {"n": run.task})

    assert played.runs_of("after")[0].parameters == {
        "a": "a",
        "b": "b",
        "direct": "b",
        "status": "completed",
    }
