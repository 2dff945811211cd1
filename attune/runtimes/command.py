"""Turn a launch into the process to run: interpreter, code, parameters, variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from attune.domain.action import ParameterDelivery
from attune.domain.errors import InvalidInput
from attune.domain.runtime import ExecutionConfig, InlineStrategy, expand
from attune.runtimes.entry_point import find_entry_point, looks_like_file
from attune.runtimes.inline import shell_script
from attune.runtimes.launch import ActionLaunch
from attune.runtimes.parameters import parameter_document
from attune.runtimes.process import ProcessSpec
from attune.runtimes.variables import process_environment
from attune.runtimes.workspace import write_private

ACTIONS = "actions"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where one run takes place."""

    pack_dir: Path
    env_dir: Path
    interpreter: str
    """The environment's, or the one on the PATH; empty for native programs."""
    manifest_path: Path
    run_dir: Path
    """Private to this run, removed afterwards."""
    inherited: Mapping[str, str] = field(repr=False)
    platform: Mapping[str, str] = field(repr=False)

    def expansions(self) -> dict[str, str]:
        """Return what a runtime's strings may refer to."""
        return {
            "pack_dir": str(self.pack_dir),
            "env_dir": str(self.env_dir),
            "interpreter": self.interpreter,
            "manifest_path": str(self.manifest_path),
        }


def compose(launch: ActionLaunch, scene: Scene) -> ProcessSpec:
    """Write the files of the run and return its process; raises InvalidInput."""
    environment = _environment(launch, scene)
    file = find_entry_point(scene.pack_dir, launch.entrypoint, ACTIONS)
    document = parameter_document(launch.parameters, launch.parameter_format)
    if launch.parameter_delivery is ParameterDelivery.FILE:
        name = f"parameters.{launch.parameter_format.value}"
        path = write_private(scene.run_dir / name, document)
        environment["ATTUNE_PARAMETER_FILE"] = str(path)
    if file is None:
        argv = _inline_command(launch, scene, environment)
    else:
        argv = code_command(launch.runtime.execution_config, scene, file)
    return ProcessSpec(
        argv=argv,
        cwd=scene.pack_dir if scene.pack_dir.is_dir() else scene.run_dir,
        environment=environment,
        stdin=None if _consumed(launch, file) else document,
    )


def _environment(launch: ActionLaunch, scene: Scene) -> dict[str, str]:
    return process_environment(
        inherited={**scene.inherited, "TMPDIR": str(scene.run_dir)},
        requested=launch.environment,
        env_vars=launch.runtime.execution_config.env_vars,
        expansions=scene.expansions(),
        platform=scene.platform,
    )


def _consumed(launch: ActionLaunch, file: Path | None) -> bool:
    """Tell whether nothing is left for the standard input."""
    by_file = launch.parameter_delivery is ParameterDelivery.FILE
    return by_file or (file is None and _has_variables(launch))


def _has_variables(launch: ActionLaunch) -> bool:
    return launch.runtime.execution_config.inline_execution.inject_shell_helpers


def code_command(config: ExecutionConfig, scene: Scene, file: Path) -> list[str]:
    """Return what runs the file: the interpreter with its arguments, or itself."""
    if not scene.interpreter:
        return [str(file)]
    given = config.interpreter.args if config.interpreter else ()
    expansions = {**scene.expansions(), "action_file": str(file)}
    arguments = [expand(argument, expansions) for argument in given]
    if any("{action_file}" in argument for argument in given):
        return [scene.interpreter, *arguments]
    return [scene.interpreter, *arguments, str(file)]


def _inline_command(
    launch: ActionLaunch, scene: Scene, environment: Mapping[str, str]
) -> list[str]:
    config = launch.runtime.execution_config
    _check_is_code(launch, scene)
    if _has_variables(launch):
        code = shell_script(launch.entrypoint, launch.parameters, environment.keys())
    else:
        code = launch.entrypoint
    inline = config.inline_execution
    # Parameters must not be in a command line.
    if inline.strategy is InlineStrategy.DIRECT and not _has_variables(launch):
        arguments = [expand(each, scene.expansions()) for each in _arguments(config)]
        return [scene.interpreter, *arguments, "-c", code]
    extension = inline.extension or _file_extension(config) or ""
    dotted = "." + extension.lstrip(".") if extension else ""
    script = write_private(scene.run_dir / f"action{dotted}", code.encode())
    return code_command(config, scene, script)


def _check_is_code(launch: ActionLaunch, scene: Scene) -> None:
    extension = _file_extension(launch.runtime.execution_config)
    if scene.interpreter and not looks_like_file(launch.entrypoint, extension):
        return
    name = launch.entrypoint[:200]
    problem = f"pack {launch.pack_ref} has no file {ACTIONS}/{name}"
    raise InvalidInput(problem)


def _arguments(config: ExecutionConfig) -> tuple[str, ...]:
    return config.interpreter.args if config.interpreter else ()


def _file_extension(config: ExecutionConfig) -> str | None:
    return config.interpreter.file_extension if config.interpreter else None
