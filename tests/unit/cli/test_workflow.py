"""`attune workflow`: files read as packs have them, problems told, graphs drawn."""

import json
from pathlib import Path
from typing import Any

import pytest

from attune.cli.workflow_drawing import draw
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error

PATH = "/api/v1/workflows"
DEPLOY = """
label: Deploy
version: 1.2.0
timeout: 600
parameters:
  branch: {type: string, required: true}
vars: {note: null}
tasks:
  - name: build
    action: core.echo
    input: {message: "{{ parameters.branch }}", extra: null}
output_map: {branch: "{{ parameters.branch }}"}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "deploy.workflow.yaml"
    path.write_text(DEPLOY)
    return str(path)


class TestUpload:
    def test_an_unknown_workflow_is_made(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        api.on("POST", PATH, data(ref="ci.deploy"))

        outcome = attune("workflow", "upload", file, "--pack", "ci")

        assert (outcome.code, outcome.out) == (0, "workflow ci.deploy created\n")
        sent = api.body("POST", PATH)
        assert sent["ref"] == "ci.deploy"
        assert sent["pack_ref"] == "ci"
        assert sent["version"] == "1.2.0"
        assert sent["timeout_seconds"] == 600
        assert sent["param_schema"] == {"branch": {"type": "string", "required": True}}
        assert sent["definition"] == {
            "version": "1.2.0",
            "vars": {"note": None},
            "tasks": [
                {
                    "name": "build",
                    "action": "core.echo",
                    "input": {"message": "{{ parameters.branch }}", "extra": None},
                }
            ],
            "output_map": {"branch": "{{ parameters.branch }}"},
        }
        assert "enabled" not in sent

    def test_a_known_workflow_becomes_what_the_file_says(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        api.on("GET", f"{PATH}/ci.deploy", data(ref="ci.deploy"))
        api.on("PUT", f"{PATH}/ci.deploy", data(ref="ci.deploy", warnings=["look"]))

        outcome = attune("workflow", "upload", file, "--pack", "ci")

        assert (outcome.code, outcome.out) == (0, "workflow ci.deploy updated\n")
        assert outcome.err == "warning: look\n"
        sent = api.body("PUT", f"{PATH}/ci.deploy")
        assert sent["description"] == {"op": "clear"}
        assert sent["timeout_seconds"] == 600

    def test_every_problem_is_a_line(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        details = {"problems": ["tasks[0].action: a", "tasks[1].next: b"]}
        api.on("POST", PATH, error(422, "The workflow is not valid", details=details))

        outcome = attune("workflow", "upload", file, "--pack", "ci")

        assert outcome.code == 2
        assert outcome.err.splitlines() == [
            "error: The workflow is not valid",
            "  - tasks[0].action: a",
            "  - tasks[1].next: b",
        ]

    def test_what_the_api_shows_can_be_uploaded_again(
        self, attune: Attune, api: FakeApi
    ) -> None:
        shown: dict[str, Any] = {
            "id": 7,
            "ref": "ci.deploy",
            "pack_ref": "ci",
            "label": "Deploy",
            "version": "2",
            "description": None,
            "definition": {"version": "1", "tasks": [{"name": "a", "action": "ci.b"}]},
            "param_schema": {"n": {"type": "integer"}},
        }
        api.on("POST", PATH, data(ref="ci.deploy"))

        outcome = attune("workflow", "upload", "-", stdin=json.dumps(shown))

        assert outcome.code == 0, outcome.err
        sent = api.body("POST", PATH)
        assert sent["definition"]["tasks"] == shown["definition"]["tasks"]
        assert (sent["ref"], sent["version"]) == ("ci.deploy", "2")
        assert sent["param_schema"] == shown["param_schema"]

    def test_another_failure_than_absence_is_told(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        api.on("GET", f"{PATH}/ci.deploy", error(403, "403 forbidden"))

        outcome = attune("workflow", "upload", file, "--pack", "ci")

        assert outcome.code == 1
        assert "403" in outcome.err


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (DEPLOY, [], "name one with --pack"),
        (f"ref: other.deploy\n{DEPLOY}", ["--pack", "ci"], "must begin with 'ci.'"),
        ("tasks: [", ["--pack", "ci"], "line 2"),
        ("[]", ["--pack", "ci"], "must hold a mapping"),
        ("{", ["--pack", "ci"], "is not valid JSON"),
        ("version: 1.0\ntasks: []", ["--pack", "ci"], "version: must be text"),
        ("timeout: -1\nlabel: ' '\n", ["--pack", "ci"], "timeout"),
    ],
)
def test_a_file_that_is_no_workflow_is_not_sent(
    attune: Attune, api: FakeApi, text: str, words: list[str], said: str
) -> None:
    outcome = attune("workflow", "validate", "-", *words, stdin=text)

    assert outcome.code == 2
    assert said in outcome.err
    assert not api.requests


class TestValidate:
    def test_a_valid_one_is_said_to_be(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        found = data(valid=True, problems=[], warnings=["look"])
        api.on("POST", f"{PATH}/validate", found)

        outcome = attune("workflow", "validate", file, "--pack", "ci")

        assert (outcome.code, outcome.out) == (0, "workflow ci.deploy is valid\n")
        assert outcome.err == "warning: look\n"
        assert api.body("POST", f"{PATH}/validate")["pack_ref"] == "ci"

    def test_everything_that_is_wrong_is_told(
        self, attune: Attune, api: FakeApi, file: str
    ) -> None:
        found = data(valid=False, problems=["one", "two"], warnings=[])
        api.on("POST", f"{PATH}/validate", found)

        table = attune("workflow", "validate", file, "--pack", "ci")
        document = attune("workflow", "validate", file, "--pack", "ci", "-j")

        assert (table.code, document.code) == (2, 2)
        assert table.err.splitlines()[1:] == ["  - one", "  - two"]
        assert json.loads(document.out)["problems"] == ["one", "two"]


def test_a_workflow_is_shown_with_its_graph(attune: Attune, api: FakeApi) -> None:
    definition = {"tasks": [{"name": "build", "action": "ci.build", "next": "test"}]}
    api.on("GET", f"{PATH}/ci.x", data(ref="ci.x", definition=definition))

    outcome = attune("workflow", "show", "ci.x")

    assert outcome.code == 0
    assert "● build  ci.build\n  └─ ─▶ test" in outcome.out


def test_a_drawing_shows_what_runs_and_where_it_leads() -> None:
    definition = {
        "tasks": [
            {
                "name": "build",
                "action": "ci.build",
                "retry": {"count": 2, "delay": 1},
                "next": [
                    {
                        "when": "{{ succeeded() }}",
                        "publish": [{"image": "{{ result().image }}"}, "tag"],
                        "do": ["approve", "check"],
                    },
                    {"when": "{{ failed() }}", "do": "report"},
                    {"when": "{{ timed_out() }}"},
                ],
            },
            {
                "name": "report",
                "action": "core.echo",
                "next": [{"do": ["build"]}],
            },
            {
                "name": "approve",
                "action": "core.ask",
                "timeout": 60,
                "decision": [
                    {"when": "{{ result().response.ok }}", "next": "deploy"},
                    {"default": "report"},
                ],
            },
            {
                "name": "check",
                "type": "parallel",
                "tasks": [
                    {"name": "lint", "action": "ci.lint", "on_success": "types"},
                    {"name": "types", "action": "ci.types"},
                ],
                "on_complete": ["deploy"],
            },
            {
                "name": "deploy",
                "action": "ci.deploy",
                "when": "{{ parameters.live }} ",
                "with_items": "{{ parameters.hosts }}",
                "concurrency": 3,
                "batch_size": 10,
                "join": "all",
                "delay": 5,
            },
            {"name": "start", "action": "core.noop", "next": [{"do": ["build"]}]},
        ]
    }

    assert draw(definition).splitlines() == [
        "● start    core.noop",
        "  └─ ─▶ build",
        "○ build    ci.build   2 more attempts",
        "  ├─ succeeded() ─▶ approve, check  (publishes image, tag)",
        "  ├─ failed() ─▶ report",
        "  └─ timed_out() ─▶ the end",
        "○ approve  core.ask   within 60 s",
        "  ├─ result().response.ok ─▶ deploy",
        "  └─ otherwise ─▶ report",
        "○ check    parallel",
        "  │ ● lint   ci.lint",
        "  │   └─ succeeded() ─▶ types",
        "  │ ○ types  ci.types",
        "  └─ ─▶ deploy",
        "○ report   core.echo",
        "  └─ ─▶ build",
        (
            "○ deploy   ci.deploy  if parameters.live, for each of parameters.hosts,"
            " 3 at once, in batches of 10, waits for all, after 5 s"
        ),
    ]


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"tasks": "nonsense"},
        {"tasks": [1, {"next": {"do": 3}}]},
        {"tasks": {"a": {"action": "x.y", "next": "b"}, "b": {}, "c": 3}},
        {
            "tasks": [
                {"name": "a", "action": "x.y", "next": ["b"]},
                {"name": "b", "action": "x.y", "next": ["a", "c", "b"]},
            ]
        },
    ],
)
def test_whatever_it_is_it_can_be_drawn(definition: dict[str, Any]) -> None:
    drawing = draw(definition)

    assert ("○ b" in drawing) is ("'b'" in str(definition))
