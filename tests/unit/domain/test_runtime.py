"""What a runtime says about itself."""

import pytest
from pydantic import ValidationError

from attune.domain.runtime import (
    EnvironmentOperation,
    EnvironmentVariable,
    ExecutionConfig,
    RuntimeVersion,
    canonical_runtime_name,
    expand,
    expand_variables,
)

PYTHON = {
    "interpreter": {"binary": "python3", "args": ["-u"], "file_extension": ".py"},
    "environment": {
        "env_type": "virtualenv",
        "dir_name": ".venv",
        "create_command": ["python3", "-m", "venv", "--copies", "{env_dir}"],
        "interpreter_path": "{env_dir}/bin/python3",
    },
    "dependencies": {
        "manifest_file": "requirements.txt",
        "install_command": ["{interpreter}", "-m", "pip", "install"],
    },
    "env_vars": {
        "PYTHONPATH": {"operation": "prepend", "value": "{pack_dir}/lib"},
        "LANG": "C.UTF-8",
    },
    "inline_execution": {"strategy": "temp_file", "extension": ".py"},
    "something_else": {"kept": True},
}


def test_the_configuration_of_the_contract_is_read() -> None:
    config = ExecutionConfig.model_validate(PYTHON)

    assert config.interpreter is not None
    assert config.interpreter.args == ("-u",)
    assert config.env_vars["LANG"] == "C.UTF-8"
    assert config.model_dump()["something_else"] == {"kept": True}


def test_nothing_means_a_native_executable() -> None:
    config = ExecutionConfig.model_validate({})

    assert config.interpreter is None
    assert config.env_vars == {}


def test_a_version_may_replace_the_configuration() -> None:
    version = RuntimeVersion.model_validate(
        {"version": "3.12", "is_default": True, "execution_config": PYTHON}
    )

    assert version.execution_config == ExecutionConfig.model_validate(PYTHON)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValidationError):
        ExecutionConfig.model_validate({"interpreter": "python3"})


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("node", "nodejs"), ("Node.js", "nodejs"), ("nodejs", "nodejs"),
        ("python3", "python"), ("Python", "python"), ("bash", "shell"), ("sh", "shell"),
        ("builtin", "native"), ("standalone", "native"), (" Ruby ", "ruby"),
    ],
)  # fmt: skip
def test_aliases_are_one_name(name: str, canonical: str) -> None:
    assert canonical_runtime_name(name) == canonical


def test_variables_are_filled_in_once() -> None:
    variables = {"pack_dir": "/p/{env_dir}", "env_dir": "/e"}

    assert expand("{pack_dir}:{env_dir}:{other}:{}:{{env_dir}}", variables) == (
        "/p/{env_dir}:/e:{other}:{}:{/e}"
    )


def test_environment_variables_set_and_extend() -> None:
    variables = {"pack_dir": "/pack"}
    env_vars: dict[str, str | EnvironmentVariable] = {
        "A": "{pack_dir}",
        "B": EnvironmentVariable(
            value="{pack_dir}/lib", operation=EnvironmentOperation.PREPEND
        ),
        "C": EnvironmentVariable(
            value="x", operation=EnvironmentOperation.APPEND, separator=";"
        ),
        "D": EnvironmentVariable(value="d", operation=EnvironmentOperation.PREPEND),
    }
    base = {"B": "/usr/lib", "C": "c", "E": "e"}

    assert expand_variables(env_vars, base, variables) == {
        "A": "/pack",
        "B": "/pack/lib:/usr/lib",
        "C": "c;x",
        "D": "d",
        "E": "e",
    }
    assert base == {"B": "/usr/lib", "C": "c", "E": "e"}
