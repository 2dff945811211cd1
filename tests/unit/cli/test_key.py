"""`attune key`: what is asked for, what is sent, and what is never shown."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from attune.clock import utc_now
from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, page

KEY: dict[str, Any] = {
    "ref": "pack.slack.token",
    "name": "token",
    "owner_type": "pack",
    "owner": "slack",
    "encrypted": True,
    "value": "s3cret-of-slack",
    "expires_at": None,
}
PATH = "/api/v1/keys/pack.slack.token"


def test_keys_are_listed_by_owner(attune: Attune, api: FakeApi) -> None:
    api.on("GET", "/api/v1/keys", page({**KEY, "value": None}))

    outcome = attune(
        *("key", "list", "--owner-type", "pack", "--owner", "slack"),
        *("--pack", "slack", "--query", "q", "--limit", "3"),
    )

    assert dict(api.requests[0].url.params) == {
        "owner_type": "pack",
        "owner": "slack",
        "pack_ref": "slack",
        "q": "q",
        "page": "1",
        "page_size": "3",
    }
    assert "pack.slack.token" in outcome.out


@pytest.mark.parametrize(
    ("words", "asked", "shown"),
    [([], "false", "***"), (["-d"], "true", "s3cret-of-slack")],
)
def test_a_key_is_decrypted_only_when_asked(
    attune: Attune, api: FakeApi, words: list[str], asked: str, shown: str
) -> None:
    api.on("GET", PATH, data(**{**KEY, "value": KEY["value"] if words else None}))

    outcome = attune("key", "show", "pack.slack.token", *words)

    assert dict(api.requests[0].url.params) == {"decrypt": asked}
    assert shown in outcome.out


@pytest.mark.parametrize(
    ("words", "owner"),
    [
        (["--pack", "slack"], {"owner_type": "pack", "owner_pack_ref": "slack"}),
        (["--action", "a.b"], {"owner_type": "action", "owner_action_ref": "a.b"}),
        (["--sensor", "a.b"], {"owner_type": "sensor", "owner_sensor_ref": "a.b"}),
        (
            ["--identity", "ada"],
            {"owner_type": "identity", "owner_identity_login": "ada"},
        ),
        (["--mine"], {"owner_type": "identity"}),
        (["--system"], {"owner_type": "system"}),
    ],
)
def test_a_key_is_made_for_one_owner_and_encrypted(
    attune: Attune, api: FakeApi, words: list[str], owner: dict[str, str]
) -> None:
    api.on("POST", "/api/v1/keys", data(**KEY))

    outcome = attune(
        "key", "create", "token", *words, "--value-file", "-", "-j", stdin="s3cret\n"
    )

    expected = {"name": "token", "encrypted": True, "value": "s3cret", **owner}
    assert api.body("POST", "/api/v1/keys") == expected
    assert json.loads(outcome.out)["value"] is None


def test_a_plain_value_may_be_json(
    attune: Attune, api: FakeApi, tmp_path: Path
) -> None:
    path = tmp_path / "limits"
    path.write_text('{"most": 5}\n')
    api.on("POST", "/api/v1/keys", data(**KEY))

    attune(
        *("key", "create", "limits", "--system", "--plain", "--as-json"),
        *("--value-file", str(path), "--local-ref", "the.limits"),
    )

    assert api.body("POST", "/api/v1/keys") == {
        "name": "limits",
        "owner_type": "system",
        "encrypted": False,
        "value": {"most": 5},
        "local_ref": "the.limits",
    }


def test_what_is_said_of_a_key_is_changed(attune: Attune, api: FakeApi) -> None:
    api.on("PUT", PATH, data(**KEY))

    attune("key", "update", "pack.slack.token", "--value", "new", "--plain")
    assert api.body("PUT", PATH) == {"value": "new", "encrypted": False}

    outcome = attune("key", "update", "pack.slack.token", "--expires", "never")
    assert json.loads(api.requests[-1].content) == {"expires_at": {"op": "clear"}}
    assert "s3cret" not in outcome.out


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_key_expires_after_a_while(
    attune: Attune, api: FakeApi, text: str, ahead: timedelta
) -> None:
    api.on("PUT", PATH, data(**KEY))

    attune("key", "update", "pack.slack.token", "--expires", text)

    moment = datetime.fromisoformat(api.body("PUT", PATH)["expires_at"])
    assert abs(moment - utc_now() - ahead) < timedelta(minutes=5)


def test_a_key_expires_on_a_day(attune: Attune, api: FakeApi) -> None:
    api.on("PUT", PATH, data(**KEY))

    attune("key", "update", "pack.slack.token", "--expires", "2030-01-31")

    expected = {"expires_at": "2030-01-31T00:00:00+00:00"}
    assert api.body("PUT", PATH) == expected


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["create", "x", "--value", "v"], "say whose key it is"),
        (["create", "x", "--mine", "--system", "--value", "v"], "say whose"),
        (["create", "x", "--mine"], "--value-file -"),
        (["create", "x", "--mine", "--value", "v", "--value-file", "-"], "exclude"),
        (["create", "x", "--mine", "--value", "{", "--as-json"], "not valid JSON"),
        (["create", "x", "--mine", "--value", "v", "--expires", "soon"], "90d"),
        (["update", "x", "--expires", "99999999d"], "90d"),
        (["update", "x"], "nothing is to be changed"),
        (["delete", "x"], "--yes"),
    ],
)
def test_half_a_key_is_refused(
    attune: Attune, words: list[str], complaint: str
) -> None:
    outcome = attune("key", *words)

    assert outcome.code == 2
    assert complaint in outcome.err


def test_a_key_is_deleted(attune: Attune, api: FakeApi) -> None:
    api.on("DELETE", PATH, {"success": True, "message": "done"})

    outcome = attune("key", "delete", "pack.slack.token", "--yes")

    assert outcome.out == "key pack.slack.token deleted\n"
