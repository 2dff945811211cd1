"""`attune auth token`, `register` and `password`: secrets in and out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

TOKEN: dict[str, Any] = {
    "id": 5,
    "label": "ci",
    "token_prefix": "attune_it_ab",
    "token_suffix": "yz",
    "active": True,
}
MINE = "/api/v1/identities/1/integration-tokens"
OTHERS = "/api/v1/identities/2/integration-tokens"


@pytest.fixture(autouse=True)
def known(api: FakeApi) -> None:
    api.on("GET", "/auth/me", data(id=1, login="ada"))
    api.on("GET", "/api/v1/identities", page({"id": 2, "login": "builds"}))
    api.on("GET", MINE, {"data": [TOKEN]})
    api.on("GET", OTHERS, {"data": [TOKEN]})


def test_a_new_token_is_all_that_a_pipe_gets(attune: Attune, api: FakeApi) -> None:
    created = {"token": "attune_it_abc_xyz", "integration_token": TOKEN}
    api.on("POST", OTHERS, data(**created))

    words = ["auth", "token", "create", "ci", "--identity", "builds"]
    outcome = attune(*words, "--description", "d", "--expires", "2030-01-31")

    assert outcome.out == "attune_it_abc_xyz\n"
    assert "not shown again" in outcome.err
    assert api.body("POST", OTHERS) == {
        "label": "ci",
        "description": "d",
        "expires_at": "2030-01-31T00:00:00+00:00",
    }
    assert json.loads(attune(*words, "-j").out) == created


def test_tokens_are_seen_without_their_secrets(attune: Attune) -> None:
    assert "attune_it_ab…yz" in attune("auth", "token", "list").out
    assert "ci" in attune("auth", "token", "show", "5", "--identity", "builds").out
    assert attune("auth", "token", "show", "6").code == 1


def test_a_token_is_revoked_or_deleted(attune: Attune, api: FakeApi) -> None:
    api.on("POST", f"{MINE}/5/revoke", data(**TOKEN))
    api.on("DELETE", f"{OTHERS}/5", data(success=True))

    attune("auth", "token", "revoke", "5", "--reason", "leaked")
    outcome = attune("auth", "token", "delete", "5", "--identity", "builds", "--yes")

    assert api.body("POST", f"{MINE}/5/revoke") == {"reason": "leaked"}
    assert outcome.code == 0


def test_who_registers_is_logged_in(
    attune: Attune, api: FakeApi, config_path: Path
) -> None:
    pair = {"access_token": "ACCESS", "refresh_token": "R", "user": {"login": "eve"}}
    api.on("POST", "/auth/register", data(**pair))

    attune("auth", "register", "eve", "--password-stdin", stdin="a s3cret\n")

    body = {"login": "eve", "password": "a s3cret", "display_name": None}
    assert api.body("POST", "/auth/register") == body
    assert "ACCESS" in config_path.read_text()


def test_a_password_is_changed_from_a_pipe(attune: Attune, api: FakeApi) -> None:
    path = "/auth/change-password"
    api.on("POST", path, data(success=True))

    outcome = attune("auth", "password", "--password-stdin", stdin="old\nnew one\n")

    body = {"current_password": "old", "new_password": "new one"}
    assert api.body("POST", path) == body
    assert "attune login" in outcome.out
    assert attune("auth", "password").code == 2
    assert attune("auth", "password", "--password-stdin", stdin="old\n").code == 2
