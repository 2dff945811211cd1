"""Which ends of tasks lead to so little that whoever records one may go on at once."""

from typing import Any

import pytest

from attune.domain.workflow_definition import compile_workflow
from attune.domain.workflow_weight import FEW, keeps_up, leads_to_little

A: Any = {"action": "a.b"}
ITEMS: Any = {**A, "with_items": "{{ parameters.list }}"}
INNER: Any = {"tasks": [{"name": "inner", **A}]}


def is_little(of: str, *tasks: dict[str, Any]) -> bool:
    return leads_to_little(compile_workflow({"tasks": list(tasks)}, "demo"), of)


def leading_to(*targets: str, **more: Any) -> dict[str, Any]:
    return {"name": "first", **A, **more, "next": [{"do": list(targets)}]}


def test_a_task_of_a_sequence_leads_to_little() -> None:
    assert is_little("first", leading_to("second"), {"name": "second", **A})


def test_the_last_task_leads_to_little() -> None:
    assert is_little("last", {"name": "last", **A})


def test_a_task_over_a_list_does_not() -> None:
    task = leading_to("second", with_items="{{ parameters.list }}")

    assert not is_little("first", task, {"name": "second", **A})


def test_a_task_that_leads_to_one_over_a_list_does_not() -> None:
    assert not is_little("first", leading_to("second"), {"name": "second", **ITEMS})


def test_a_task_that_leads_to_one_with_tasks_within_does_not() -> None:
    assert not is_little("first", leading_to("second"), {"name": "second", **INNER})


def test_a_nested_task_does_not() -> None:
    assert not is_little("inner", {"name": "outer", **INNER})


@pytest.mark.parametrize(("count", "expected"), [(FEW, True), (FEW + 1, False)])
def test_only_few_targets_are_little(count: int, *, expected: bool) -> None:
    names = [f"t{at}" for at in range(count)]
    targets = [{"name": name, **A} for name in names]

    assert is_little("first", leading_to(*names), *targets) is expected


def test_what_the_targets_lead_to_counts_for_nothing() -> None:
    second = {"name": "second", **A, "next": [{"do": ["third"]}]}

    assert is_little("first", leading_to("second"), second, {"name": "third", **ITEMS})


@pytest.mark.parametrize(
    ("ended", "under_way", "expected"),
    [
        pytest.param(16, 8, True, id="two each"),
        pytest.param(15, 8, False, id="one has ended one"),
        pytest.param(2, 1, True, id="two by the only one"),
        pytest.param(0, 8, False, id="none has"),
        pytest.param(3, 0, False, id="nobody is there to take more"),
        pytest.param(0, 0, False, id="nobody and nothing"),
    ],
)
def test_who_runs_keeps_up_by_ending_two_each(
    ended: int, under_way: int, *, expected: bool
) -> None:
    assert keeps_up(ended, under_way) is expected
