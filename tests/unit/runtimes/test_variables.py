"""What a process finds in its environment, and what it does not."""

from pathlib import Path

from attune.domain.runtime import EnvironmentVariable, ExecutionConfig
from attune.runtimes.launch import ActionLaunch, RuntimeLaunch
from attune.runtimes.variables import (
    WorkerPlaces,
    inherited_variables,
    installer_variables,
    platform_variables,
    process_environment,
)

PLACES = WorkerPlaces("http://api:8080", Path("/artifacts"), Path("/envs"))


def make_launch(**fields: object) -> ActionLaunch:
    required: dict[str, object] = {
        "execution_id": 42,
        "action_ref": "demo.act",
        "pack_ref": "demo",
        "entrypoint": "act.sh",
        "runtime": RuntimeLaunch(ref="core.shell", name="Shell"),
    }
    return ActionLaunch.model_validate({**required, **fields})


def test_only_harmless_variables_are_inherited() -> None:
    source = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "LC_TIME": "C",
        "TZ": "UTC",
        "HOME": "/root",
        "ATTUNE__SECURITY__JWT_SECRET": "s",
        "AWS_SECRET_ACCESS_KEY": "s",
        "PYTHONPATH": "/worker",
        "VIRTUAL_ENV": "/venv",
        "LD_PRELOAD": "x",
    }

    assert inherited_variables(source) == {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "LC_TIME": "C",
        "TZ": "UTC",
    }


def test_there_is_always_a_path() -> None:
    assert inherited_variables({}) == {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_installers_get_their_index_and_no_more() -> None:
    source = {
        "PIP_INDEX_URL": "https://index/",
        "https_proxy": "p",
        "HTTP_PROXY": "p",
        "npm_config_registry": "r",
        "PIP_TARGET": "/x",
        "AWS_SECRET_ACCESS_KEY": "s",
    }

    assert sorted(installer_variables(source)) == [
        "HTTP_PROXY",
        "PIP_INDEX_URL",
        "https_proxy",
        "npm_config_registry",
    ]


def test_platform_variables_are_those_of_the_contract() -> None:
    launch = make_launch(
        token="t",
        rule_ref="demo.rule",
        trigger_ref="core.webhook",
        context={"region": "eu", "a-b": [1]},
    )

    assert platform_variables(launch, PLACES) == {
        "ATTUNE_EXEC_ID": "42",
        "ATTUNE_ATTEMPT": "1",
        "ATTUNE_ACTION": "demo.act",
        "ATTUNE_PACK_REF": "demo",
        "ATTUNE_API_URL": "http://api:8080",
        "ATTUNE_API_TOKEN": "t",
        "ATTUNE_ARTIFACTS_DIR": "/artifacts",
        "ATTUNE_RUNTIME_ENVS_DIR": "/envs",
        "ATTUNE_RULE": "demo.rule",
        "ATTUNE_TRIGGER": "core.webhook",
        "ATTUNE_PARAMETER_DELIVERY": "stdin",
        "ATTUNE_PARAMETER_FORMAT": "json",
        "ATTUNE_CONTEXT_REGION": "eu",
        "ATTUNE_CONTEXT_A_B": "[1]",
    }


def test_variables_without_a_value_are_absent() -> None:
    variables = platform_variables(make_launch(), PLACES)

    assert "ATTUNE_API_TOKEN" not in variables
    assert "ATTUNE_RULE" not in variables
    assert "ATTUNE_TRIGGER" not in variables


def test_context_cannot_replace_a_variable_of_the_platform() -> None:
    variables = platform_variables(make_launch(context={"x": 1}), PLACES)

    assert variables["ATTUNE_CONTEXT_X"] == "1"
    assert variables["ATTUNE_EXEC_ID"] == "42"


def test_request_sets_variables_but_none_of_the_platform() -> None:
    environment = process_environment(
        inherited={"PATH": "/bin"},
        requested={"MODE": "fast", "ATTUNE_EXEC_ID": "1", "ATTUNE_NEW": "1"},
        env_vars={},
        expansions={},
        platform={"ATTUNE_EXEC_ID": "42"},
    )

    assert environment == {"PATH": "/bin", "MODE": "fast", "ATTUNE_EXEC_ID": "42"}


def test_runtime_variables_are_expanded_and_extend_those_before() -> None:
    config = ExecutionConfig.model_validate(
        {
            "env_vars": {
                "PYTHONPATH": {"operation": "prepend", "value": "{pack_dir}/lib"},
                "NODE_PATH": "{env_dir}/node_modules",
                "FLAGS": {"operation": "append", "value": "-b", "separator": " "},
                "MODE": "slow",
                "ATTUNE_EXEC_ID": "0",
            }
        }
    )

    environment = process_environment(
        inherited={},
        requested={"PYTHONPATH": "/mine", "FLAGS": "-a", "MODE": "fast"},
        env_vars=config.env_vars,
        expansions={"pack_dir": "/pack", "env_dir": "/env"},
        platform={"ATTUNE_EXEC_ID": "42"},
    )

    assert environment == {
        "PYTHONPATH": "/pack/lib:/mine",
        "NODE_PATH": "/env/node_modules",
        "FLAGS": "-a -b",
        "MODE": "fast",
        "ATTUNE_EXEC_ID": "42",
    }


def test_environment_variable_objects_are_understood() -> None:
    variable = EnvironmentVariable(value="x")

    environment = process_environment({}, {}, {"A": variable}, {}, {})

    assert environment == {"A": "x"}


def test_launch_survives_the_wire_and_shows_no_secret() -> None:
    launch = make_launch(
        parameters={"password": "canary"},
        token="canary",
        environment={"KEY": "canary"},
        context={"c": "canary"},
        entrypoint="echo canary",
    )

    assert ActionLaunch.model_validate_json(launch.model_dump_json()) == launch
    assert "canary" not in repr(launch)
    assert "canary" not in str(launch)
