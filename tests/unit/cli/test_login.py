import json
import stat
from pathlib import Path

import httpx
import pytest
import yaml

from tests.unit.cli.conftest import Attune
from tests.unit.cli.fake_api import FakeApi, data, error

PAIR = {
    "access_token": "ACCESS",
    "refresh_token": "REFRESH",
    "token_type": "Bearer",
    "expires_in": 3600,
    "user": {"id": 1, "login": "ada"},
}


def _saved(config_path: Path) -> dict[str, object]:
    document: dict[str, object] = yaml.safe_load(config_path.read_text())
    return document


def test_login_saves_the_tokens_for_the_owner_only(
    attune: Attune, api: FakeApi, config_path: Path
) -> None:
    api.on("POST", "/auth/login", data(**PAIR))

    outcome = attune("login", "ada", "--password-stdin", stdin="s3cret\n")

    assert api.body("POST", "/auth/login") == {"login": "ada", "password": "s3cret"}
    assert _saved(config_path) == {
        "profiles": {
            "default": {
                "api_url": "http://127.0.0.1:8080",
                "auth_token": "ACCESS",
                "refresh_token": "REFRESH",
                "auth_method": "password",
                "username": "ada",
            }
        }
    }
    assert stat.S_IMODE(config_path.stat().st_mode) == 0o600
    assert "s3cret" not in outcome.out + outcome.err
    assert "ACCESS" not in outcome.out + outcome.err


def test_login_makes_the_profile_it_is_told_of(
    attune: Attune, api: FakeApi, config_path: Path
) -> None:
    api.on("POST", "/auth/login", data(**PAIR))
    url = "https://attune.example.org"

    attune(
        "login", "ada", "-p", "work", "--api-url", url, "--password-stdin", stdin="x\n"
    )
    attune("-p", "work", "pack", "list")

    assert _saved(config_path)["profile"] == "work"
    assert str(api.requests[-1].url).startswith(url)
    assert api.requests[-1].headers["authorization"] == "Bearer ACCESS"


def test_login_and_password_come_from_the_environment(
    attune: Attune, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_LOGIN", "ci")
    monkeypatch.setenv("ATTUNE_PASSWORD", "s3cret")
    api.on("POST", "/auth/login", data(**PAIR))

    attune("auth", "login")

    assert api.body("POST", "/auth/login") == {"login": "ci", "password": "s3cret"}


def test_nobody_is_asked_where_nobody_is(attune: Attune, api: FakeApi) -> None:
    outcome = attune("login", "ada")

    assert outcome.code == 2
    assert "--password-stdin" in outcome.err
    assert not api.requests


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["login", "ada", "--password-stdin"], ""),
        (["login", "--password-stdin"], "x\n"),
    ],
)
def test_half_a_proof_is_wrong_usage(
    attune: Attune, api: FakeApi, arguments: list[str], stdin: str
) -> None:
    assert attune(*arguments, stdin=stdin).code == 2
    assert not api.requests


def test_a_wrong_password_saves_nothing(
    attune: Attune, api: FakeApi, config_path: Path
) -> None:
    api.on("POST", "/auth/login", error(401, "wrong login or password"))

    outcome = attune("login", "ada", "--password-stdin", stdin="x\n")

    assert outcome.code == 1
    assert outcome.err == "error: wrong login or password\n"
    assert not config_path.exists()


def test_the_administrator_of_the_local_stack_is_not_asked(
    attune: Attune, api: FakeApi, home: Path
) -> None:
    (home / "stack").mkdir()
    (home / "stack" / "password").write_text("generated\n")
    record = {
        "api_url": "http://127.0.0.1:9",
        "admin_login": "admin",
        "admin_password_file": str(home / "stack" / "password"),
    }
    (home / "stack" / "stack.json").write_text(json.dumps(record))
    api.on("POST", "/auth/login", data(**PAIR))

    here = attune("login")
    elsewhere = attune("login", "--api-url", "http://other")

    assert here.code == 0
    assert api.body("POST", "/auth/login") == {
        "login": "admin",
        "password": "generated",
    }
    assert elsewhere.code == 2
    assert len(api.calls("POST", "/auth/login")) == 1


def test_an_integration_token_is_exchanged(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/auth/token-login", data(**PAIR))

    outcome = attune("auth", "token-login", stdin="attune_it_1\n")

    assert api.body("POST", "/auth/token-login") == {"token": "attune_it_1"}
    assert "as ada" in outcome.out


@pytest.fixture
def logged_in(attune: Attune, api: FakeApi) -> None:
    api.on("POST", "/auth/login", data(**PAIR))
    attune("login", "ada", "--password-stdin", stdin="x\n")


@pytest.mark.usefixtures("logged_in")
def test_whoami_shows_what_the_server_says(attune: Attune, api: FakeApi) -> None:
    me = {
        "id": 1,
        "login": "ada",
        "effective_permissions": [{"resource": "packs", "actions": ["read", "create"]}],
    }
    api.on("GET", "/auth/me", data(**me))

    assert "packs: read, create" in attune("auth", "whoami").out
    assert json.loads(attune("auth", "whoami", "-j").out)["login"] == "ada"


@pytest.mark.usefixtures("logged_in")
def test_logout_forgets_the_tokens(attune: Attune, config_path: Path) -> None:
    outcome = attune("auth", "logout")

    assert outcome.out == "profile default logged out\n"
    assert "ACCESS" not in config_path.read_text()
    assert "REFRESH" not in config_path.read_text()


@pytest.mark.usefixtures("logged_in")
def test_an_expired_login_is_renewed_and_saved(
    attune: Attune, api: FakeApi, config_path: Path
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer ACCESS":
            return error(401, "expired")
        return httpx.Response(200, json=data(id=1, login="ada"))

    api.on("GET", "/auth/me", answer)
    pair = {"access_token": "NEXT", "refresh_token": "AGAIN"}
    api.on("POST", "/auth/refresh", data(**pair))

    outcome = attune("auth", "whoami")

    assert outcome.code == 0
    assert "NEXT" in config_path.read_text()
    assert "AGAIN" in config_path.read_text()
    assert stat.S_IMODE(config_path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("logged_in")
def test_a_login_that_cannot_be_renewed_says_what_to_do(
    attune: Attune, api: FakeApi
) -> None:
    api.on("GET", "/auth/me", error(401, "expired"))
    api.on("POST", "/auth/refresh", error(401, "expired too"))

    outcome = attune("auth", "whoami")

    assert outcome.code == 1
    assert "run `attune login`" in outcome.err
    assert attune("auth", "refresh").code == 1


@pytest.mark.usefixtures("logged_in")
def test_tokens_of_the_environment_are_renewed_but_not_saved(
    attune: Attune, api: FakeApi, config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTUNE_API_TOKEN", "OWN")
    monkeypatch.setenv("ATTUNE_REFRESH_TOKEN", "OWN-REFRESH")
    before = config_path.read_text()
    api.on("GET", "/auth/me", error(401, "expired"), data(id=1, login="ci"))
    api.on("POST", "/auth/refresh", data(access_token="N", refresh_token="M"))

    assert attune("auth", "whoami").code == 0
    assert api.body("POST", "/auth/refresh") == {"refresh_token": "OWN-REFRESH"}
    assert config_path.read_text() == before
