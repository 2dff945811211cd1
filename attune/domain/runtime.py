"""What a runtime says about itself: how to find it, prepare it and start code in it."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_CONFIG: Final = ConfigDict(
    frozen=True, extra="allow", use_attribute_docstrings=True, populate_by_name=True
)

_ALIASES: Final = {
    "node": "nodejs",
    "node.js": "nodejs",
    "python3": "python",
    "bash": "shell",
    "sh": "shell",
    "builtin": "native",
    "standalone": "native",
}

_VARIABLE: Final = re.compile(r"\{([a-z_]+)\}")


class EnvironmentOperation(StrEnum):
    """What an environment variable of a runtime does to the one before it."""

    SET = "set"
    PREPEND = "prepend"
    APPEND = "append"


class InlineStrategy(StrEnum):
    """How code that is no file is started."""

    DIRECT = "direct"  # as an argument of the interpreter
    TEMP_FILE = "temp_file"  # written down first


class VerificationCommand(BaseModel):
    """A probe that tells whether a worker offers the runtime."""

    model_config = _CONFIG

    binary: str
    args: tuple[str, ...] = ()
    exit_code: int = 0
    pattern: str | None = None
    """What the output must contain."""
    priority: int = 0
    optional: bool = False


class Verification(BaseModel):
    """The probes of a runtime, tried in the order of their priority."""

    model_config = _CONFIG

    commands: tuple[VerificationCommand, ...] = ()
    always_available: bool = False
    min_version: str | None = None
    recommended_version: str | None = None


class Distributions(BaseModel):
    """Where a runtime comes from and how its presence is proved."""

    model_config = _CONFIG

    verification: Verification = Verification()


class Interpreter(BaseModel):
    """The program that runs the code; without a binary the code is the program."""

    model_config = _CONFIG

    binary: str = ""
    args: tuple[str, ...] = ()
    file_extension: str | None = None


class RuntimeEnvironment(BaseModel):
    """The isolated place a pack's code of this runtime runs in."""

    model_config = _CONFIG

    env_type: str = ""
    dir_name: str = ""
    create_command: tuple[str, ...] = ()
    interpreter_path: str | None = None


class Dependencies(BaseModel):
    """The file of a pack that lists dependencies, and the command to install them."""

    model_config = _CONFIG

    manifest_file: str = ""
    install_command: tuple[str, ...] = ()


class EnvironmentVariable(BaseModel):
    """A variable that is set, or that extends what is there."""

    model_config = _CONFIG

    value: str
    operation: EnvironmentOperation = EnvironmentOperation.SET
    separator: str = ":"


class InlineExecution(BaseModel):
    """How code without a file is run."""

    model_config = _CONFIG

    strategy: InlineStrategy = InlineStrategy.DIRECT
    extension: str | None = None
    inject_shell_helpers: bool = False


class ExecutionConfig(BaseModel):
    """How code of this runtime is prepared and started."""

    model_config = _CONFIG

    interpreter: Interpreter | None = None
    environment: RuntimeEnvironment | None = None
    dependencies: Dependencies | None = None
    env_vars: dict[str, str | EnvironmentVariable] = Field(default_factory=dict)
    inline_execution: InlineExecution = InlineExecution()


class RuntimeVersion(BaseModel):
    """One version of a runtime; its execution_config replaces the runtime's own."""

    model_config = _CONFIG

    version: str
    is_default: bool = False
    distributions: Distributions | None = None
    execution_config: ExecutionConfig | None = None
    meta: dict[str, object] = Field(default_factory=dict)


def canonical_runtime_name(name: str) -> str:
    """Return the one name of a runtime: `node.js` and `Node` are `nodejs`."""
    lowered = name.strip().lower()
    return _ALIASES.get(lowered, lowered)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Fill in `{pack_dir}` and its like; braces that name nothing known stay."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), text)


def expand_variables(
    env_vars: Mapping[str, str | EnvironmentVariable],
    base: Mapping[str, str],
    variables: Mapping[str, str],
) -> dict[str, str]:
    """Return `base` with the runtime's own environment variables applied to it."""
    environment = dict(base)
    for name, declared in env_vars.items():
        variable = (
            EnvironmentVariable(value=declared)
            if isinstance(declared, str)
            else declared
        )
        value = expand(variable.value, variables)
        environment[name] = _combine(variable, environment.get(name), value)
    return environment


def _combine(variable: EnvironmentVariable, before: str | None, value: str) -> str:
    if not before or variable.operation is EnvironmentOperation.SET:
        return value
    parts = [value, before]
    if variable.operation is EnvironmentOperation.APPEND:
        parts.reverse()
    return variable.separator.join(parts)
