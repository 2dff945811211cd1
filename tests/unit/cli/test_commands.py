"""Commands that list, show, make and change: what they send, what they print."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error, page

TRIGGER = {
    "ref": "demo.t",
    "webhook_enabled": True,
    "webhook_key": "wh_1",
    "param_schema": {"every": {"type": "integer"}},
    "out_schema": {"n": {"type": "integer"}},
}
LISTS = [
    (["pack", "list", "--query", "x"], "/api/v1/packs", {"q": "x"}),
    (["action", "list"], "/api/v1/actions", {}),
    (["action", "list", "--pack", "core"], "/api/v1/packs/core/actions", {}),
    (["action", "search", "web"], "/api/v1/actions/search", {"q": "web"}),
    (
        ["workflow", "list", "--pack", "p", "--query", "x", "--tag", "a", "--tag", "b"],
        "/api/v1/workflows",
        {"pack_ref": "p", "search": "x", "tags": "a,b"},
    ),
    (["trigger", "list"], "/api/v1/triggers", {}),
    (["trigger", "list", "--pack", "core"], "/api/v1/packs/core/triggers", {}),
    (["rule", "list", "--disabled"], "/api/v1/rules", {"enabled": "false"}),
    (
        ["rule", "list", "--pack", "p", "--trigger", "t", "--action", "a"],
        "/api/v1/rules",
        {"pack_ref": "p", "trigger_ref": "t", "action_ref": "a"},
    ),
    (
        ["event", "list", "--trigger", "t", "--rule", "r", "--trace", "x"],
        "/api/v1/events",
        {"trigger_ref": "t", "rule_ref": "r", "trace_tag": "x"},
    ),
    (
        ["enforcement", "list", "--event", "3", "--status", "processed"],
        "/api/v1/enforcements",
        {"event": "3", "status": "processed"},
    ),
    (["runtime", "list"], "/api/v1/runtimes", {}),
    (
        ["worker", "list", "--state", "offline", "--role", "action"],
        "/api/v1/workers",
        {"health_state": "offline", "role": "action"},
    ),
]


@pytest.mark.parametrize(("words", "path", "filters"), LISTS)
def test_a_list_asks_for_what_was_named(
    attune: Attune, api: FakeApi, words: list[str], path: str, filters: dict[str, str]
) -> None:
    api.on("GET", path, page({"id": 1, "ref": "demo.x"}))

    table = attune(*words, "--limit", "3")
    document = attune(*words, "--limit", "3", "-j")

    assert dict(api.requests[0].url.params) == {
        **filters,
        "page": "1",
        "page_size": "3",
    }
    assert table.code == 0
    assert table.out.count("\n") == 2
    assert json.loads(document.out) == [{"id": 1, "ref": "demo.x"}]


SHOWS = [
    (["pack", "show", "demo"], "/api/v1/packs/demo"),
    (["action", "show", "demo.x"], "/api/v1/actions/demo.x"),
    (["workflow", "show", "demo.x"], "/api/v1/workflows/demo.x"),
    (["trigger", "show", "demo.x"], "/api/v1/triggers/demo.x"),
    (["trigger", "webhook", "show", "demo.x"], "/api/v1/triggers/demo.x"),
    (["rule", "show", "demo.x"], "/api/v1/rules/demo.x"),
    (["event", "show", "1"], "/api/v1/events/1"),
    (["enforcement", "show", "1"], "/api/v1/enforcements/1"),
    (["runtime", "show", "demo.x"], "/api/v1/runtimes/demo.x"),
    (["worker", "show", "1"], "/api/v1/workers/1"),
]


@pytest.mark.parametrize(("words", "path"), SHOWS)
def test_one_thing_is_shown_whole(
    attune: Attune, api: FakeApi, words: list[str], path: str
) -> None:
    entity = {"id": 1, "ref": "demo.x", "webhook_enabled": False}
    api.on("GET", path, {"data": entity})

    assert attune(*words).out
    assert json.loads(attune(*words, "-j").out) == entity


ACTS = [
    (["rule", "enable", "demo.x"], "POST", "/api/v1/rules/demo.x/enable"),
    (["rule", "disable", "demo.x"], "POST", "/api/v1/rules/demo.x/disable"),
    (["rule", "delete", "demo.x", "--yes"], "DELETE", "/api/v1/rules/demo.x"),
    (["trigger", "enable", "demo.x"], "POST", "/api/v1/triggers/demo.x/enable"),
    (["trigger", "disable", "demo.x"], "POST", "/api/v1/triggers/demo.x/disable"),
    (["trigger", "delete", "demo.x", "--yes"], "DELETE", "/api/v1/triggers/demo.x"),
    (
        ["trigger", "webhook", "disable", "demo.x"],
        "POST",
        "/api/v1/triggers/demo.x/webhooks/disable",
    ),
    (["worker", "uncordon", "3"], "POST", "/api/v1/workers/3/uncordon"),
    (["action", "delete", "demo.x", "--yes"], "DELETE", "/api/v1/actions/demo.x"),
    (["workflow", "delete", "demo.x", "--yes"], "DELETE", "/api/v1/workflows/demo.x"),
    (["pack", "delete", "demo", "--yes"], "DELETE", "/api/v1/packs/demo"),
    (["pack", "uninstall", "demo", "--yes"], "DELETE", "/api/v1/packs/demo"),
]


@pytest.mark.parametrize(("words", "method", "path"), ACTS)
def test_an_act_is_one_request_and_one_line(
    attune: Attune, api: FakeApi, words: list[str], method: str, path: str
) -> None:
    api.on(method, path, {"success": True, "message": "done"})

    outcome = attune(*words)

    assert len(api.calls(method, path)) == 1
    assert outcome.code == 0
    assert outcome.out.count("\n") == 1


@pytest.mark.parametrize(
    "words", [words[:-1] for words, method, _ in ACTS if method == "DELETE"]
)
def test_nothing_is_deleted_unasked(
    attune: Attune, api: FakeApi, words: list[str]
) -> None:
    outcome = attune(*words)

    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert not api.requests


def test_a_ref_cannot_leave_its_place_in_the_path(attune: Attune, api: FakeApi) -> None:
    attune("action", "show", "a/../../b?c#d")

    assert api.requests[0].url.raw_path == b"/api/v1/actions/a%2F..%2F..%2Fb%3Fc%23d"


def test_cordon_tells_why(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/api/v1/workers/3/cordon", {"id": 3, "cordoned": True})

    attune("worker", "cordon", "3", "--reason", "disk is full")

    assert api.body("POST", "/api/v1/workers/3/cordon") == {"reason": "disk is full"}


def test_a_webhook_is_opened_and_its_address_shown(
    attune: Attune, api: FakeApi
) -> None:
    api.on("POST", "/api/v1/triggers/demo.t/webhooks/enable", {"data": TRIGGER})
    api.on("POST", "/api/v1/triggers/demo.t/webhooks/regenerate", {"data": TRIGGER})
    url = "http://127.0.0.1:8080/api/v1/webhooks/wh_1"

    opened = attune("trigger", "webhook", "enable", "demo.t")
    renewed = attune("trigger", "webhook", "regenerate", "demo.t", "--yes", "-j")

    assert url in opened.out
    assert json.loads(renewed.out)["url"] == url


def test_an_event_is_emitted_with_a_typed_payload(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/triggers/demo.t", {"data": TRIGGER})
    matches = [
        {"rule_ref": "demo.yes", "matched": True},
        {"rule_ref": "demo.no", "matched": False},
    ]
    api.on("POST", "/api/v1/events", data(id=9, matches=matches))

    outcome = attune(
        "event", "emit", "demo.t", "n=42", "who=ada", "--trace-tag", "t",
        "--idempotency-key", "order-42",
    )  # fmt: skip

    assert api.body("POST", "/api/v1/events") == {
        "trigger_ref": "demo.t",
        "payload": {"n": 42, "who": "ada"},
        "trace_tag": "t",
    }
    assert api.requests[-1].headers["idempotency-key"] == "order-42"
    assert outcome.out == "event 9 of demo.t emitted; demo.yes matched\n"


@pytest.fixture
def schemas(api: FakeApi) -> None:
    schema = {"n": {"type": "integer"}, "text": {"type": "string"}}
    api.on("GET", "/api/v1/actions/demo.a", data(param_schema=schema))
    api.on("GET", "/api/v1/triggers/demo.t", {"data": TRIGGER})
    api.on("POST", "/api/v1/rules", data(ref="demo.r"))


@pytest.mark.usefixtures("schemas")
def test_a_rule_is_made_from_options(attune: Attune, api: FakeApi) -> None:
    outcome = attune(
        "rule", "create", "demo.r", "--trigger", "demo.t", "--action", "demo.a",
        "--when", "event.payload.n > 1", "--param", "n=3",
        "--param", "text={{ event.payload.who }}", "--trigger-param", "every=5",
        "--disabled",
    )  # fmt: skip

    assert outcome.out == "rule demo.r created\n"
    assert api.body("POST", "/api/v1/rules") == {
        "ref": "demo.r",
        "pack_ref": "demo",
        "label": "demo.r",
        "trigger_ref": "demo.t",
        "action_ref": "demo.a",
        "conditions": {"expression": "event.payload.n > 1"},
        "action_params": {"n": 3, "text": "{{ event.payload.who }}"},
        "trigger_params": {"every": 5},
        "enabled": False,
    }


@pytest.mark.usefixtures("schemas")
def test_a_rule_is_made_from_a_file_and_options_win(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(
        "label: From the file\n"
        "trigger_ref: demo.t\n"
        "action_ref: demo.a\n"
        "action_params: {n: 1, text: x}\n"
    )

    attune("rule", "create", "demo.r", "--file", str(path), "--param", "n=2")

    body = api.body("POST", "/api/v1/rules")
    assert body["label"] == "From the file"
    assert body["action_params"] == {"n": 2, "text": "x"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["create", "nodot", "--trigger", "t", "--action", "a"], "pack.name"),
        (["create", "demo.r", "--trigger", "t"], "a rule needs --action"),
        (["create", "demo.r"], "--trigger and --action"),
        (["update", "demo.r"], "nothing is to be changed"),
    ],
)
def test_half_a_rule_is_refused(
    attune: Attune, api: FakeApi, words: list[str], complaint: str
) -> None:
    api.on("GET", "/api/v1/rules/demo.r", data(ref="demo.r"))

    outcome = attune("rule", *words)

    assert outcome.code == 2
    assert complaint in outcome.err


@pytest.mark.usefixtures("schemas")
def test_an_update_sends_only_what_changes(attune: Attune, api: FakeApi) -> None:
    current = {"action_ref": "demo.a", "action_params": {"text": "x", "n": 1}}
    api.on("GET", "/api/v1/rules/demo.r", {"data": current})
    api.on("PUT", "/api/v1/rules/demo.r", data(ref="demo.r"))

    attune("rule", "update", "demo.r", "--param", "n=2", "--label", "New")

    assert api.body("PUT", "/api/v1/rules/demo.r") == {
        "label": "New",
        "action_params": {"text": "x", "n": 2},
    }


def _uploaded(request: httpx.Request) -> dict[str, bytes]:
    """Return the fields of a multipart body."""
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    fields = {}
    for part in request.content.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        fields[name] = content.removesuffix(b"\r\n")
    return fields


def test_a_directory_is_uploaded_as_an_archive(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "pack.yaml").write_text("ref: demo\n")
    pack = {"ref": "demo", "version": "1.0.0", "action_count": 2, "rule_count": 1}
    warnings = ["pack.yaml: lable: is not read; did you mean label?"]
    answer = {"pack": pack, "install_status": "completed", "warnings": warnings}
    api.on("POST", "/api/v1/packs/upload", {"data": answer})

    outcome = attune("pack", "upload", str(tmp_path / "demo"), "--force")

    assert outcome.out == "pack demo 1.0.0 installed with 2 actions, 1 rule\n"
    assert outcome.err == f"warning: {warnings[0]}\n"
    fields = _uploaded(api.requests[0])
    assert (fields["force"], fields["skip_tests"]) == (b"true", b"false")
    with tarfile.open(fileobj=io.BytesIO(fields["pack"])) as archive:
        assert archive.getnames() == ["pack.yaml"]


def test_problems_of_a_pack_are_listed(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    (tmp_path / "pack.yaml").write_text("ref: Demo\n")
    details: dict[str, Any] = {"problems": ["pack.yaml: ref is wrong", "no version"]}
    api.on(
        "POST", "/api/v1/packs/upload", error(422, "pack is not valid", details=details)
    )

    outcome = attune("pack", "upload", str(tmp_path))

    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "error: pack is not valid",
        "  - pack.yaml: ref is wrong",
        "  - no version",
    ]


def test_a_pack_is_registered_where_the_server_sees_it(
    attune: Attune, api: FakeApi
) -> None:
    answer = {"ref": "demo", "version": "1.0.0"}
    api.on("POST", "/api/v1/packs/register", data(pack=answer, install_status="done"))

    outcome = attune("pack", "register", "/srv/demo", "--skip-tests")

    assert outcome.out == "pack demo 1.0.0 installed (done)\n"
    assert api.body("POST", "/api/v1/packs/register") == {
        "path": "/srv/demo",
        "force": False,
        "skip_tests": True,
    }


def test_an_empty_pack_is_created(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/api/v1/packs", data(ref="demo"))

    attune("pack", "create", "demo", "--description", "mine")

    assert api.body("POST", "/api/v1/packs") == {
        "ref": "demo",
        "label": "demo",
        "version": "0.1.0",
        "description": "mine",
    }


@pytest.mark.parametrize(
    "case",
    [
        ("action", ["--timeout", "600", "--disabled"], {"timeout_seconds": 600}),
        ("trigger", ["--payload-check", "refuse"], {"payload_check": "refuse"}),
    ],
)
def test_options_win_over_a_file_of_changes(
    attune: Attune, api: FakeApi, tmp_path: Path, case: tuple[str, list[str], Any]
) -> None:
    subject, options, body = case
    file = tmp_path / "changes.yaml"
    file.write_text("label: Of the file\ndescription: Of the file\n")
    path = f"/api/v1/{subject}s/demo.x"
    api.on("PUT", path, data(ref="demo.x"))

    attune(subject, "update", "demo.x", "--file", str(file), "--label", "New", *options)
    nothing = attune(subject, "update", "demo.x")

    kept = {"label": "New", "description": "Of the file", **body}
    assert api.body("PUT", path).items() >= kept.items()
    assert nothing.code == 2
    assert "nothing is to be changed" in nothing.err
