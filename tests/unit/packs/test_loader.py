"""Packs read from their directories: what they define and what is wrong with them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from attune.domain.action import OutputFormat
from attune.domain.errors import InvalidInput
from attune.packs.component import ActionDocument, RuleDocument
from attune.packs.definition import PackDefinition
from attune.packs.loader import CORE_DIRECTORY, read_pack
from attune.packs.manifest import ComponentDocument
from tests.support.packs import GREET, MANIFEST, WHOLE, write_pack


def read(directory: Path, files: Mapping[str, str]) -> PackDefinition:
    return read_pack(write_pack(directory, {**MANIFEST, **files}))


def problems_of(directory: Path, files: Mapping[str, str]) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(directory, files)
    return refused.value.problems


def only_action(directory: Path, text: str, **files: str) -> ActionDocument:
    found = read(directory, {"actions/greet.yaml": text, **files})
    return found.components.actions[0].document


def test_a_whole_pack_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE).components

    refs = {
        kind: [each.document.ref for each in documents]
        for kind, documents in found.by_kind().items()
        if documents
    }
    assert refs == {
        "trigger": ["demo.arrived"],
        "action": ["demo.greet"],
        "rule": ["demo.on_arrival"],
    }


def test_refs_without_a_pack_are_of_this_pack(tmp_path: Path) -> None:
    rule: RuleDocument = read(tmp_path, WHOLE).components.rules[0].document

    assert rule.action_ref == "demo.greet"
    assert rule.trigger_ref == "demo.arrived"


@pytest.mark.parametrize(
    ("text", "ref", "label"),
    [
        ("ref: demo.hello", "demo.hello", "Greet"),
        ("ref: hello", "demo.hello", "Greet"),
        ("name: hello", "demo.hello", "hello"),
        ("name: Say hello", "demo.greet", "Say hello"),
        ("label: Hi", "demo.greet", "Hi"),
        ("ref: null", "demo.greet", "Greet"),
    ],
)
def test_ref_and_label_are_derived(
    tmp_path: Path, text: str, ref: str, label: str
) -> None:
    action = only_action(tmp_path, f"{text}\nentry_point: echo hello")

    assert (action.ref, action.label) == (ref, label)


@pytest.mark.parametrize(
    ("spelling", "field", "value"),
    [
        ("timeout: 5", "timeout_seconds", 5),
        ("timeout_seconds: 5", "timeout_seconds", 5),
        ("output_schema: {a: {type: string}}", "out_schema", {"a": {"type": "string"}}),
        ("output: {a: {type: string}}", "out_schema", {"a": {"type": "string"}}),
        ("parameters: {a: {type: string}}", "param_schema", {"a": {"type": "string"}}),
        ("runtime: python3", "runtime", "python3"),
        ("runner_type: node", "runtime", "node"),
        ('runtime_version: ">=3.12"', "runtime_version_constraint", ">=3.12"),
        ("enabled: no", "enabled", False),
        ("output_format: json", "output_format", OutputFormat.JSON),
        (
            "default_execution_permission_set_refs: [standard, ops]",
            "default_execution_permission_set_refs",
            ["standard", "demo.ops"],
        ),
    ],
)
def test_every_spelling_of_an_action_is_read(
    tmp_path: Path, spelling: str, field: str, value: object
) -> None:
    action = only_action(tmp_path, f"{spelling}\nentrypoint: echo hello")

    assert getattr(action, field) == value


def test_an_entry_point_may_name_its_folder_too(tmp_path: Path) -> None:
    action = only_action(
        tmp_path,
        "entry_point: actions/greet.sh",
        **{"actions/greet.sh": GREET["actions/greet.sh"]},
    )

    assert action.entrypoint == "actions/greet.sh"


def test_every_problem_of_a_pack_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        {
            "pack.yaml": "ref: demo\nversion: one\n",
            "actions/a.yaml": "entry_point: nowhere.sh\ntimeout: -1",
            "actions/b.yaml": "entry_point: missing.py",
            "actions/c.yaml": "entry_point: [",
            "actions/d.yaml": "entry_point: echo\nref: other.d",
            "actions/e.yaml": "entry_point: echo a\nparameters: {n: {type: nonsense}}",
            "actions/f.yaml": "entry_point: echo a\nruntime_version: 3.10",
            "rules/r.yaml": "action_ref: a\ntrigger_ref: core.alert\n"
            'conditions: {expression: "{{ 1 + }}"}',
            "sensors/s.yaml": "entry_point: s.py\ntrigger_types: [t]",
            "permission_sets/p.yaml": "grants: [{resource: moon, actions: [read]}]",
            "policies/p.yaml": "action: a\nthreshold: -1",
            "workflows/w.yaml": "tasks: []",
        },
    )

    places = [problem.rsplit(": ", 1)[0] for problem in problems]
    for place in (
        "pack.yaml: version",
        "actions/a.yaml: timeout",
        "actions/b.yaml: entry_point",
        "actions/c.yaml: line",
        "actions/d.yaml: ref",
        "actions/e.yaml: parameters.n",
        "actions/f.yaml: runtime_version",
        "rules/r.yaml: conditions",
        "sensors/s.yaml: entry_point",
        "permission_sets/p.yaml: grants[0]",
        "policies/p.yaml: concurrency.limit",
        "workflows/w.yaml: tasks",
    ):
        assert any(each.startswith(place) for each in places), (place, problems)


def test_two_files_cannot_define_the_same_ref(tmp_path: Path) -> None:
    problems = problems_of(
        tmp_path,
        {
            "actions/a.yaml": "ref: demo.x\nentry_point: echo a",
            "actions/b.yaml": "ref: demo.x\nentry_point: echo b",
        },
    )

    assert problems == [
        "actions/b.yaml: ref: actions/a.yaml defines action demo.x already"
    ]


def test_a_slip_in_a_key_is_pointed_out(tmp_path: Path) -> None:
    found = read(
        tmp_path, {"actions/a.yaml": "entry_point: echo a\nparamaters: {}\nx_own: 1"}
    )

    assert found.warnings == (
        "actions/a.yaml: paramaters: is not read; did you mean parameters?",
    )


def test_a_workflow_of_its_own_gets_an_action(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "workflows/deploy.yaml": "version: 1.0.0\ntasks: [{name: a, action: core.noop}]"
        },
    ).components

    assert found.workflows[0].document.ref == "demo.deploy"
    assert found.actions[0].document.ref == "demo.deploy"


def test_a_workflow_file_is_run_by_the_action_that_names_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "actions/deploy.yaml": "workflow_file: workflows/deploy.workflow.yaml\n"
            "parameters: {branch: {type: string}}",
            "actions/workflows/deploy.workflow.yaml": "ref: any.thing\nversion: 1.0.0\n"
            "tasks: [{name: a, action: core.noop}]",
        },
    ).components

    workflow = found.workflows[0].document
    assert workflow.ref == "demo.deploy"
    assert workflow.param_schema == {"branch": {"type": "string"}}
    assert len(found.actions) == 1


def test_a_document_that_is_a_link_is_refused(tmp_path: Path) -> None:
    write_pack(tmp_path, {**MANIFEST, "actions/x": ""})
    (tmp_path / "actions" / "a.yaml").symlink_to("/etc/hostname")

    with pytest.raises(InvalidInput, match=r"actions/a\.yaml: is not a file"):
        read_pack(tmp_path)


def test_a_directory_without_a_manifest_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"pack\.yaml"):
        read_pack(tmp_path)


def test_the_core_pack_is_whole() -> None:
    found = read_pack(CORE_DIRECTORY)

    kinds = {
        kind: {_name(each.document) for each in documents}
        for kind, documents in found.components.by_kind().items()
    }
    assert found.warnings == ()
    assert kinds["runtime"] == {"shell", "python", "nodejs", "native", "builtin"}
    assert kinds["action"] == {"noop", "echo", "sleep", "http_request", "ask"}
    assert kinds["permission set"] == {
        "admin",
        "editor",
        "executor",
        "tenant",
        "viewer",
    }
    assert kinds["trigger"] == {
        "intervaltimer",
        "crontimer",
        "datetimetimer",
        "rruletimer",
        "alert",
        "queue_started",
        "queue_empty",
    }


def _name(document: ComponentDocument) -> str:
    return document.ref.removeprefix("core.")
