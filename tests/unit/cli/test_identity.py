"""`attune identity` and `permission`: what is sent, by names that people know."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

IDENTITIES = "/api/v1/identities"
SETS = "/api/v1/permissions/sets"
ASSIGNMENTS = "/api/v1/permissions/assignments"
DONE = {"data": {"success": True, "message": "done"}}
ADA: dict[str, Any] = {
    "id": 7,
    "login": "ada",
    "display_name": "Ada",
    "frozen": False,
    "roles": [{"id": 31, "role": "on-call", "source": "manual", "managed": False}],
    "direct_permissions": [{"id": 41, "permission_set_ref": "core.viewer"}],
}
EDITOR: dict[str, Any] = {
    "id": 3,
    "ref": "core.editor",
    "label": "Editor",
    "roles": [{"id": 51, "role": "on-call"}],
    "grants": [{"resource": "rules", "actions": ["read"]}],
}


@pytest.fixture(autouse=True)
def known(api: FakeApi) -> None:
    """Ada, one who is called much like her, and a permission set."""
    others = {**ADA, "id": 6, "login": "adam", "roles": []}
    api.on("GET", IDENTITIES, page(others, {**ADA, "roles": ["on-call"]}))
    api.on("GET", f"{IDENTITIES}/7", data(**ADA))
    held = [{"id": 41, "permission_set_ref": "core.viewer", "created": None}]
    api.on("GET", f"{IDENTITIES}/7/permissions", {"data": held})
    api.on("GET", SETS, {"data": [EDITOR]})


def test_identities_are_listed_by_what_was_named(attune: Attune, api: FakeApi) -> None:
    outcome = attune("identity", "list", "--query", "ad", "--frozen", "--limit", "5")

    assert dict(api.requests[0].url.params) == {
        "q": "ad",
        "frozen": "true",
        "page": "1",
        "page_size": "5",
    }
    assert "on-call" in outcome.out


@pytest.mark.parametrize("who", ["ada", "7"])
def test_an_identity_is_found_by_login_or_id(attune: Attune, who: str) -> None:
    outcome = attune("identity", "show", who)

    assert "core.viewer" in outcome.out
    assert json.loads(attune("identity", "show", who, "-j").out) == ADA


def test_nobody_else_is_taken_for_somebody(attune: Attune, api: FakeApi) -> None:
    outcome = attune("identity", "freeze", "ad")

    assert outcome.code == 1
    assert outcome.err == "error: no identity with the login 'ad' is known to you\n"
    assert [each.method for each in api.requests] == ["GET"]


def test_a_password_is_piped_and_never_shown(attune: Attune, api: FakeApi) -> None:
    api.on("POST", IDENTITIES, data(**ADA))
    api.on("PUT", f"{IDENTITIES}/7", data(**ADA))

    made = attune(
        *("identity", "create", "ada", "--name", "Ada", "--attributes", '{"t": 1}'),
        "--password-stdin",
        stdin="a long s3cret\n",
    )
    changed = attune("identity", "update", "ada", "--password-stdin", stdin="another\n")

    assert api.body("POST", IDENTITIES) == {
        "login": "ada",
        "display_name": "Ada",
        "attributes": {"t": 1},
        "password": "a long s3cret",
    }
    assert api.body("PUT", f"{IDENTITIES}/7") == {"password": "another"}
    said = made.out + made.err + changed.out + changed.err
    assert "s3cret" not in said
    assert "another" not in said


CALLS: list[tuple[list[str], tuple[str, str, Any]]] = [
    (["identity", "freeze", "ada"], ("POST", f"{IDENTITIES}/7/freeze", None)),
    (["identity", "unfreeze", "ada"], ("POST", f"{IDENTITIES}/7/unfreeze", None)),
    (["identity", "delete", "ada", "--yes"], ("DELETE", f"{IDENTITIES}/7", None)),
    (
        ["identity", "role", "add", "ada", "night"],
        ("POST", f"{IDENTITIES}/7/roles", {"role": "night"}),
    ),
    (
        ["identity", "role", "remove", "ada", "on-call"],
        ("DELETE", f"{IDENTITIES}/roles/31", None),
    ),
    (
        ["permission", "assign", "ada", "core.editor"],
        ("POST", ASSIGNMENTS, {"identity_id": 7, "permission_set_ref": "core.editor"}),
    ),
    (
        ["permission", "unassign", "ada", "core.viewer"],
        ("DELETE", f"{ASSIGNMENTS}/41", None),
    ),
    (
        ["permission", "role", "add", "night", "core.editor"],
        ("POST", f"{SETS}/3/roles", {"role": "night"}),
    ),
    (
        ["permission", "role", "remove", "on-call", "core.editor"],
        ("DELETE", f"{SETS}/roles/51", None),
    ),
    (
        ["permission", "set", "update", "core.editor", "--label", "E"],
        ("PUT", f"{SETS}/3", {"label": "E"}),
    ),
    (
        ["permission", "set", "delete", "core.editor", "--yes"],
        ("DELETE", f"{SETS}/3", 0),
    ),
]


@pytest.mark.parametrize(("words", "sent"), CALLS)
def test_what_is_named_is_changed(
    attune: Attune, api: FakeApi, words: list[str], sent: tuple[str, str, Any]
) -> None:
    method, path, body = sent
    api.on(method, path, DONE)

    outcome = attune(*words)

    assert outcome.code == 0, outcome.err
    assert len(api.calls(method, path)) == 1
    if body:
        assert api.body(method, path) == body


def test_a_successor_is_named_by_login(attune: Attune, api: FakeApi) -> None:
    api.on("DELETE", f"{IDENTITIES}/7", DONE)

    attune("identity", "delete", "ada", "--successor", "adam", "--yes")

    assert dict(api.requests[-1].url.params) == {"successor_id": "6"}


@pytest.mark.parametrize(
    "words",
    [
        ["identity", "role", "list", "ada"],
        ["identity", "assignments", "ada"],
        ["permission", "set", "list"],
        ["permission", "set", "show", "core.editor"],
    ],
)
def test_what_there_is_can_be_seen(attune: Attune, words: list[str]) -> None:
    assert attune(*words).code == 0
    assert json.loads(attune(*words, "-j").out)


@pytest.mark.parametrize("text", ["- {}\n", "grants:\n  - {}\n"])
def test_a_set_is_made_of_a_file(
    attune: Attune, api: FakeApi, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "grants.yaml"
    path.write_text(text)
    api.on("POST", SETS, data(**EDITOR))

    attune(*("permission", "set", "create", "team.x", "--grants", str(path)))

    assert api.body("POST", SETS) == {"ref": "team.x", "grants": [{}]}


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["identity", "create", "ada", "--password"], 2, "--password-stdin"),
        (["identity", "update", "ada"], 2, "nothing is to be changed"),
        (["identity", "delete", "ada"], 2, "--yes"),
        (["identity", "role", "remove", "ada", "x"], 1, "does not have the role"),
        (["permission", "unassign", "ada", "core.x"], 1, "not assigned"),
        (["permission", "role", "remove", "x", "core.editor"], 1, "does not have"),
        (["permission", "set", "show", "core.x"], 1, "no permission set"),
        (["permission", "set", "update", "core.editor"], 2, "nothing is to be"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    attune: Attune, words: list[str], code: int, complaint: str
) -> None:
    outcome = attune(*words)

    assert outcome.code == code
    assert complaint in outcome.err
