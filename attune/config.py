"""Settings: the only reader of the environment.

A YAML file named by ATTUNE_CONFIG comes first, environment variables win over it:
`ATTUNE__SECURITY__JWT_SECRET` is `security.jwt_secret` in the file. Nobody imports
this module but the places where a process begins; everybody else gets values.
"""

import os
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from attune.config_fields import PREFIX, Directory, NotGiven, variable
from attune.config_groups import (
    DatabaseSettings,
    Group,
    LoggingSettings,
    NotifierSettings,
    OrchestratorSettings,
    RetentionSettings,
    SecuritySettings,
    SensorSettings,
    ServerSettings,
    TemporalSettings,
    WorkerSettings,
)
from attune.domain.errors import InvalidInput

FILE_VARIABLE = "ATTUNE_CONFIG"

SIGNING = ("security.jwt_secret", "security.encryption_key")
API_REQUIRES = ("database.url", *SIGNING)
ORCHESTRATOR_REQUIRES = API_REQUIRES


class Settings(BaseSettings):
    """Every setting of every process, read once when the process begins."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    packs_base_dir: Directory = Path("/opt/attune/packs")
    """Directory in which the API keeps installed packs."""

    runtime_envs_dir: Directory = Path("/opt/attune/runtime_envs")
    """Directory in which workers build runtime environments."""

    artifacts_dir: Directory = Path("/opt/attune/artifacts")
    """Directory of artifact files, shared with actions."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    temporal: TemporalSettings = TemporalSettings()
    security: SecuritySettings = SecuritySettings()
    worker: WorkerSettings = WorkerSettings()
    orchestrator: OrchestratorSettings = OrchestratorSettings()
    sensors: SensorSettings = SensorSettings()
    notifier: NotifierSettings = NotifierSettings()
    retention: RetentionSettings = RetentionSettings()
    logging: LoggingSettings = LoggingSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, and the environment over the file."""
        del dotenv_settings, file_secret_settings
        from_file = InitSettingsSource(settings_cls, read_file())
        return init_settings, env_settings, from_file

    def require(self, *names: str) -> None:
        """Refuse to go on without these settings, naming all that are missing."""
        missing = [name for name in names if isinstance(self._value(name), NotGiven)]
        if missing:
            raise InvalidInput("; ".join(f"{variable(n)} is not set" for n in missing))

    def _value(self, name: str) -> object:
        value: object = self
        for part in name.split("."):
            value = getattr(value, part)
        return value


def load_settings(*required: str) -> Settings:
    """Read file and environment; raises InvalidInput that says in one line what is wrong."""
    _refuse_unknown_variables(os.environ)
    try:
        settings = Settings()
    except ValidationError as invalid:
        raise InvalidInput(_explain(invalid)) from None
    settings.require(*required)
    return settings


def read_file() -> dict[str, Any]:
    """Return the content of the file that ATTUNE_CONFIG names; empty without one."""
    name = os.environ.get(FILE_VARIABLE)
    if not name:
        return {}
    try:
        content = yaml.safe_load(Path(name).read_text("utf-8"))
    except OSError as unreadable:
        problem = f"{FILE_VARIABLE}: cannot read {name}: {unreadable.strerror}"
        raise InvalidInput(problem) from None
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        where = getattr(broken, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise InvalidInput(f"{FILE_VARIABLE}: {name}{line}: not YAML") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidInput(f"{FILE_VARIABLE}: {name}: must be a mapping")
    return cast("dict[str, Any]", content)


def setting_names() -> list[str]:
    """Return every setting as `group.name`, in the order of the model."""
    names: list[str] = []
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Group):
            names += [f"{name}.{inner}" for inner in kind.model_fields]
        else:
            names.append(name)
    return names


def _explain(invalid: ValidationError) -> str:
    lines = []
    for error in invalid.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
        lines.append(f"{variable(name)}: {_reason(error['type'], error['msg'], name)}")
    return "; ".join(dict.fromkeys(lines))


def _reason(kind: str, message: str, name: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such setting" + _suggestion(name)
    return message.removeprefix("Value error, ")


def _suggestion(name: str) -> str:
    close = get_close_matches(name.lower(), setting_names(), n=1)
    return f"; did you mean {variable(close[0])}?" if close else ""


def _refuse_unknown_variables(names: Iterable[str]) -> None:
    known = {variable(name) for name in setting_names()}
    for name in sorted(names):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            dotted = name[len(PREFIX) :].replace("__", ".")
            problem = f"there is no such setting{_suggestion(dotted)}"
            raise InvalidInput(f"{name}: {problem}")
