"""A worker offers the runtimes that work on its machine, and no others."""

import os

from attune.domain.json import JsonObject
from attune.domain.runtime import Distributions, ExecutionConfig, RuntimeVersion
from attune.runtimes.probe import OfferedRuntime, RuntimeDefinition, RuntimeProbe
from attune.runtimes.process import Supervisor


def runtime(
    *commands: JsonObject,
    always: bool = False,
    config: JsonObject | None = None,
    versions: list[JsonObject] | None = None,
) -> RuntimeDefinition:
    verification = {"commands": commands, "always_available": always}
    return RuntimeDefinition(
        ref="core.test",
        name="Test",
        distributions=Distributions.model_validate({"verification": verification}),
        execution_config=ExecutionConfig.model_validate(
            {"interpreter": {"binary": "sh"}} if config is None else config
        ),
        versions=[RuntimeVersion.model_validate(each) for each in versions or []],
    )


async def offer(
    supervisor: Supervisor, definition: RuntimeDefinition
) -> OfferedRuntime | None:
    probe = RuntimeProbe(supervisor, {"PATH": os.environ["PATH"]})
    offered = await probe.offered([definition])
    return offered[0] if offered else None


def echo(text: str, **fields: object) -> JsonObject:
    command: JsonObject = {"binary": "echo", "args": [text]}
    command.update(fields)  # type: ignore[arg-type]  # JSON, by its callers
    return command


ABSENT: JsonObject = {"binary": "no-such-program", "args": ["--version"]}


async def test_runtime_whose_probe_works_is_offered_with_its_version(
    supervisor: Supervisor,
) -> None:
    found = await offer(supervisor, runtime(echo("Test 3.11.7 (main)")))

    assert found == OfferedRuntime("core.test", "Test", [], "3.11.7")


async def test_runtime_whose_program_is_absent_is_not_offered(
    supervisor: Supervisor,
) -> None:
    assert await offer(supervisor, runtime(ABSENT)) is None


async def test_any_required_probe_is_enough(supervisor: Supervisor) -> None:
    assert await offer(supervisor, runtime(ABSENT, echo("1.2"))) is not None


async def test_probe_of_lower_priority_number_is_asked_first(
    supervisor: Supervisor,
) -> None:
    definition = runtime(echo("2.0", priority=2), echo("1.0", priority=1))

    found = await offer(supervisor, definition)

    assert found is not None
    assert found.detected_version == "1.0"


async def test_optional_probe_proves_nothing_beside_a_required_one(
    supervisor: Supervisor,
) -> None:
    definition = runtime(ABSENT, echo("1.0", optional=True))

    assert await offer(supervisor, definition) is None


async def test_output_must_match_the_pattern(supervisor: Supervisor) -> None:
    wanted = echo("Python 3.11", pattern=r"Python 3\.\d+")
    unwanted = echo("Python 2.7", pattern=r"Python 3\.\d+")
    unreadable = echo("Python 2.7", pattern="(")

    assert await offer(supervisor, runtime(wanted)) is not None
    assert await offer(supervisor, runtime(unwanted)) is None
    assert await offer(supervisor, runtime(unreadable)) is None


async def test_exit_code_must_be_the_expected_one(supervisor: Supervisor) -> None:
    fails: JsonObject = {"binary": "sh", "args": ["-c", "exit 3"]}

    assert await offer(supervisor, runtime(fails)) is None
    assert await offer(supervisor, runtime({**fails, "exit_code": 3})) is not None


async def test_runtime_that_is_always_available_is_not_probed(
    supervisor: Supervisor,
) -> None:
    assert await offer(supervisor, runtime(ABSENT, always=True)) is not None


async def test_runtime_without_probes_needs_its_interpreter(
    supervisor: Supervisor,
) -> None:
    absent: JsonObject = {"interpreter": {"binary": "no-such-program"}}

    assert await offer(supervisor, runtime()) is not None
    assert await offer(supervisor, runtime(config={})) is not None
    assert await offer(supervisor, runtime(config=absent)) is None


async def test_runtime_without_execution_config_is_not_offered(
    supervisor: Supervisor,
) -> None:
    builtin = RuntimeDefinition(ref="core.builtin", name="Builtin")

    assert await offer(supervisor, builtin) is None


async def test_versions_are_probed_one_by_one(supervisor: Supervisor) -> None:
    def version(number: str, command: JsonObject) -> JsonObject:
        return {
            "version": number,
            "distributions": {"verification": {"commands": [command]}},
        }

    definition = runtime(
        ABSENT, versions=[version("3.11", echo("3.11.7")), version("3.12", ABSENT)]
    )

    found = await offer(supervisor, definition)

    assert found == OfferedRuntime("core.test", "Test", ["3.11"], "3.11.7")


async def test_version_without_a_probe_must_fit_what_was_found(
    supervisor: Supervisor,
) -> None:
    definition = runtime(
        echo("v20.11.1"), versions=[{"version": "18"}, {"version": "20"}]
    )

    found = await offer(supervisor, definition)

    assert found == OfferedRuntime("core.test", "Test", ["20"], "20.11.1")
