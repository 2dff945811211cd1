"""Settings: what is read, what is refused, and how the refusal reads."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from attune.config import (
    API_REQUIRES,
    Settings,
    load_settings,
    setting_names,
)
from attune.config_fields import NotGiven, variable
from attune.config_groups import Group
from attune.domain.errors import InvalidInput

STRONG = "k3Vn0Zq8sT1xYw7LrB5mHd2PcU9fGj4aE6oIiNtR"
DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [variable(name) for name in setting_names()] + ["ATTUNE_CONFIG"]:
        monkeypatch.delenv(name, raising=False)


def refusal(*required: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        load_settings(*required)
    return refused.value.message


def test_environment_reaches_nested_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE__SECURITY__JWT_SECRET", STRONG)
    monkeypatch.setenv("ATTUNE__SECURITY__ALLOW_SELF_REGISTRATION", "true")
    monkeypatch.setenv("ATTUNE__PACKS_BASE_DIR", "/srv/packs")

    settings = load_settings()

    assert settings.security.jwt_secret.get_secret_value() == STRONG
    assert settings.security.allow_self_registration
    assert settings.packs_base_dir == Path("/srv/packs")


def test_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "attune.yaml"
    file.write_text("server: {port: 9000, host: 127.0.0.2}\n")
    monkeypatch.setenv("ATTUNE_CONFIG", str(file))
    monkeypatch.setenv("ATTUNE__SERVER__PORT", "9001")

    server = load_settings().server

    assert (server.host, server.port) == ("127.0.0.2", 9001)


def test_secrets_have_no_default_and_refuse_to_be_used() -> None:
    secret = load_settings().security.jwt_secret

    with pytest.raises(InvalidInput, match="ATTUNE__SECURITY__JWT_SECRET is not set"):
        secret.get_secret_value()


def test_all_missing_settings_are_named_in_one_line() -> None:
    line = refusal(*API_REQUIRES)

    assert "\n" not in line
    assert line.split("; ") == [f"{variable(n)} is not set" for n in API_REQUIRES]


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "x" * 40,
        "change-me-change-me-change-me-change-me",
        "your_secret_key_of_at_least_32_characters",
        "this-is-an-INSECURE-development-key-only",
    ],
)
def test_weak_secret_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("ATTUNE__SECURITY__ENCRYPTION_KEY", secret)

    line = refusal()

    assert line.startswith("ATTUNE__SECURITY__ENCRYPTION_KEY: ")
    assert secret not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ATTUNE__SERVER__PORT", "eighty"),
        ("ATTUNE__SERVER__PORT", "70000"),
        ("ATTUNE__SERVER__TRUSTED_PROXIES", "somewhere"),
        ("ATTUNE__DATABASE__URL", "mysql://user:hunter2@host/db"),
        ("ATTUNE__DATABASE__POOL_SIZE", "0"),
        ("ATTUNE__WORKER__HEARTBEAT_SECONDS", "nan"),
        ("ATTUNE__LOGGING__LEVEL", "chatty"),
    ],
)
def test_wrong_value_is_refused_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    line = refusal()

    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    assert value not in line


@pytest.mark.parametrize(
    "name", ["ATTUNE__SERVER__PROT", "ATTUNE__SEVER__PORT", "ATTUNE__SERVER"]
)
def test_misspelled_variable_is_refused_with_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")

    line = refusal()

    assert line.startswith(f"{name}: there is no such setting")
    assert line.endswith("did you mean ATTUNE__SERVER__PORT?")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("server: {prot: 1}", "ATTUNE__SERVER__PROT: there is no such setting"),
        ("- a list", "must be a mapping"),
        ("server: {port: [\nsecret-value", "line 2: not YAML"),
    ],
)
def test_wrong_file_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, expected: str
) -> None:
    file = tmp_path / "attune.yaml"
    file.write_text(content)
    monkeypatch.setenv("ATTUNE_CONFIG", str(file))

    line = refusal()

    assert expected in line
    assert "\n" not in line
    assert "secret-value" not in line


def test_missing_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE_CONFIG", "/nonexistent/attune.yaml")

    assert refusal() == (
        "ATTUNE_CONFIG: cannot read /nonexistent/attune.yaml: No such file or directory"
    )


def test_settings_never_show_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTUNE__SECURITY__JWT_SECRET", STRONG)
    monkeypatch.setenv("ATTUNE__DATABASE__URL", "postgresql://a:hunter2@host/db")

    settings = load_settings()

    assert STRONG not in repr(settings)
    assert "hunter2" not in f"{settings}{settings.model_dump()}"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().server.port = 1  # type: ignore[misc]  # the point of the test


def test_document_lists_every_setting() -> None:
    lines = DOCUMENT.read_text().splitlines()
    documented = [line for line in lines if line.startswith("| `ATTUNE__")]

    assert documented == document_rows()


def document_rows() -> list[str]:
    """Return the rows of the document's tables; paste them when this test fails."""
    rows = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Group):
            group = type(field.default)
            fields = group.model_fields.items()
            rows += [_row(f"{name}.{n}", f.default, f.description) for n, f in fields]
        else:
            rows.append(_row(name, field.default, field.description))
    return rows


def _row(name: str, default: object, description: str | None) -> str:
    if default is None or isinstance(default, NotGiven | SecretStr) or default == []:
        shown = ""
    else:
        text = str(default).lower() if isinstance(default, bool) else str(default)
        shown = f"`{text}`"
    return f"| `{variable(name)}` | {shown} | {description} |"


def test_every_setting_is_read_by_somebody() -> None:
    package = DOCUMENT.parents[1] / "attune"
    files = [f for f in package.rglob("*.py") if not f.name.startswith("config")]
    code = "\n".join(file.read_text() for file in files)

    unread = [n for n in setting_names() if f".{n.split('.')[-1]}" not in code]

    assert unread == []
