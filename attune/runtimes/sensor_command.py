"""Turn the launch of a sensor into the process to run."""

from pathlib import Path
from typing import Final

from attune.domain.errors import InvalidInput
from attune.runtimes.command import Scene, code_command
from attune.runtimes.entry_point import find_entry_point, looks_like_file
from attune.runtimes.process import ProcessSpec
from attune.runtimes.sensor_launch import SensorLaunch
from attune.runtimes.variables import process_environment
from attune.runtimes.workspace import write_private

SENSORS: Final = "sensors"


def compose_sensor(launch: SensorLaunch, scene: Scene) -> ProcessSpec:
    """Return its process, whose standard input is empty; raises InvalidInput."""
    config = launch.runtime.execution_config
    file = find_entry_point(scene.pack_dir, launch.entrypoint, SENSORS)
    return ProcessSpec(
        argv=code_command(config, scene, file or _written(launch, scene)),
        cwd=scene.pack_dir if scene.pack_dir.is_dir() else scene.run_dir,
        environment=process_environment(
            inherited={**scene.inherited, "TMPDIR": str(scene.run_dir)},
            requested={},
            env_vars=config.env_vars,
            expansions=scene.expansions(),
            platform=scene.platform,
        ),
    )


def _written(launch: SensorLaunch, scene: Scene) -> Path:
    """Write an entry point that is the code itself into a file."""
    interpreter = launch.runtime.execution_config.interpreter
    extension = interpreter.file_extension if interpreter else None
    if not scene.interpreter or looks_like_file(launch.entrypoint, extension):
        name = launch.entrypoint[:200]
        raise InvalidInput(f"pack {launch.pack_ref} has no file {SENSORS}/{name}")
    dotted = "." + extension.lstrip(".") if extension else ""
    return write_private(scene.run_dir / f"sensor{dotted}", launch.entrypoint.encode())
