"""Workflows in the files of a pack: what they define, and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.pack import ReferenceVisibility
from attune.packs.component import ActionDocument, WorkflowDocument
from attune.packs.definition import PackDefinition
from attune.packs.loader import read_pack
from attune.packs.workflow_file import graph_of
from tests.support.packs import MANIFEST, write_pack

TASKS = "tasks: [{name: a, action: core.noop}]"


def read(directory: Path, files: Mapping[str, str]) -> PackDefinition:
    return read_pack(write_pack(directory, {**MANIFEST, **files}))


def problems_of(directory: Path, files: Mapping[str, str]) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(directory, files)
    return refused.value.problems


def both(
    directory: Path, files: Mapping[str, str]
) -> tuple[WorkflowDocument, ActionDocument]:
    """Return the only workflow and the action of its ref."""
    found = read(directory, files).components
    [workflow] = [each.document for each in found.workflows]
    [action] = [
        each.document for each in found.actions if each.document.ref == workflow.ref
    ]
    return workflow, action


def test_the_graph_is_kept_as_it_is_written(tmp_path: Path) -> None:
    text = """
        version: "3"
        vars: {a: null, b: {c: [null]}}
        tasks:
          - {name: a, action: core.noop, input: {x: null}, unknown: kept}
    """

    workflow, _ = both(tmp_path, {"workflows/flow.yaml": text})

    assert graph_of(workflow) == {
        "version": "3",
        "vars": {"a": None, "b": {"c": [None]}},
        "tasks": [
            {
                "name": "a",
                "action": "core.noop",
                "input": {"x": None},
                "unknown": "kept",
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("timeout: 5", "timeout_seconds", 5),
        ("timeout_seconds: 5", "timeout_seconds", 5),
        ("enabled: false", "enabled", False),
        (
            "reference_visibility: private",
            "reference_visibility",
            ReferenceVisibility.PRIVATE,
        ),
        ("reference_allowed_pack_refs: x", "reference_allowed_pack_refs", ["x"]),
        (
            "default_execution_permission_set_refs: [ops]",
            "default_execution_permission_set_refs",
            ["demo.ops"],
        ),
        ("tags: [x]", "tags", ["x"]),
        ("description: Flows", "description", "Flows"),
        ("output: {n: {type: string}}", "out_schema", {"n": {"type": "string"}}),
    ],
)
def test_what_is_said_of_a_workflow_is_said_of_its_action(
    tmp_path: Path, text: str, field: str, value: Any
) -> None:
    _, action = both(tmp_path, {"workflows/flow.yaml": f"{TASKS}\n{text}"})

    assert getattr(action, field) == value


def test_nothing_is_said_of_the_action_that_the_file_does_not_say(
    tmp_path: Path,
) -> None:
    _, action = both(tmp_path, {"workflows/flow.yaml": TASKS})

    assert not {"enabled", "timeout_seconds"} & action.model_fields_set


class TestBesideAnAction:
    ACTION = "actions/flow.yaml"
    GRAPH = "actions/workflows/flow.workflow.yaml"
    NAMED = "workflow_file: workflows/flow.workflow.yaml"

    def test_the_schemas_of_the_action_win(self, tmp_path: Path) -> None:
        files = {
            self.ACTION: f"{self.NAMED}\nparameters: {{a: {{type: string}}}}",
            self.GRAPH: f"{TASKS}\nparam_schema: {{b: {{type: string}}}}\n"
            "output: {c: {type: string}}",
        }

        workflow, action = both(tmp_path, files)

        assert workflow.param_schema == action.param_schema == {"a": {"type": "string"}}
        assert workflow.out_schema == action.out_schema == {"c": {"type": "string"}}

    def test_each_has_what_only_the_other_says(self, tmp_path: Path) -> None:
        files = {
            self.ACTION: f"{self.NAMED}\ntags: [x]",
            self.GRAPH: f"{TASKS}\ndescription: Flows\ntimeout: 5",
        }

        workflow, action = both(tmp_path, files)

        assert (workflow.tags, action.tags) == (["x"], ["x"])
        assert (workflow.description, action.description) == ("Flows", "Flows")
        assert action.timeout_seconds == 5


def test_every_problem_is_told_with_its_file_and_place(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        {
            "workflows/a.yaml": "tasks: [{name: a, action: demo.nothing}]",
            "workflows/b.yaml": f"{TASKS}\ncancellation_policy: sometimes\n"
            "output_map: {x: '{{ 1 + }}'}",
            "workflows/c.yaml": "version: 1.0\n" + TASKS,
            "workflows/d.yaml": "label: Without tasks",
            "workflows/e.yaml": "tasks: [{name: a, action: core.noop, next: [b]}]",
            "actions/f.yaml": "runner_type: core.builtin",
        },
    )

    for place in (
        "workflows/a.yaml: tasks[0].action: ",
        "workflows/b.yaml: cancellation_policy: ",
        "workflows/b.yaml: output_map.x: ",
        "workflows/c.yaml: version: ",
        "workflows/d.yaml: tasks",
        "workflows/e.yaml: tasks[0].next",
        "actions/f.yaml: runner_type: ",
    ):
        assert any(each.startswith(place) for each in problems), (place, problems)


def test_what_other_packs_have_is_not_known_yet(tmp_path: Path) -> None:
    task = "{name: a, action: other.work, input: {anything: 1}}"

    assert read(tmp_path, {"workflows/flow.yaml": f"tasks: [{task}]"}).warnings == ()


def test_workflows_of_a_pack_run_each_other(tmp_path: Path) -> None:
    files = {
        "workflows/outer.yaml": "tasks: [{name: a, action: inner, input: {n: 1}}]",
        "workflows/inner.yaml": f"{TASKS}\nparameters: {{n: {{type: integer}}}}",
    }

    assert len(read(tmp_path, files).components.workflows) == 2


def test_parameters_must_fit_an_action_of_the_pack(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        {
            "actions/work.yaml": "entry_point: echo a\n"
            "parameters: {n: {type: integer, required: true}}",
            "workflows/a.yaml": "tasks: [{name: a, action: work, input: {n: many}}]",
        },
    )

    [problem] = problems
    assert problem.startswith("workflows/a.yaml: tasks[0].input.n: ")
