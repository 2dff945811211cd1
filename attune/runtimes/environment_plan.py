"""What the runtime environment of a pack must be, and where it belongs."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from attune.domain.runtime import (
    Dependencies,
    ExecutionConfig,
    RuntimeEnvironment,
    canonical_runtime_name,
    expand,
)
from attune.runtimes.launch import RuntimeLaunch

_UNSAFE = re.compile(r"[^a-z0-9._-]+")
_FINGERPRINT_LENGTH = 16


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """The environment of one pack for one runtime, as the present files want it."""

    root: Path
    pack_ref: str
    pack_dir: Path
    name: str
    config: ExecutionConfig
    manifest: bytes | None
    """Content of the pack's manifest; None without one."""

    @property
    def link(self) -> Path:
        """The documented location; points to the build that was activated last."""
        return self.root / self.pack_ref / self.name

    @property
    def is_needed(self) -> bool:
        """Whether anything has to be created or installed."""
        return bool(self.create_command or self.installs)

    @property
    def installs(self) -> bool:
        """Whether the pack brings a manifest that this runtime installs."""
        return self.manifest is not None and bool(self._dependencies.install_command)

    @property
    def create_command(self) -> tuple[str, ...]:
        """The command that makes the environment, not yet expanded."""
        return self._environment.create_command

    @property
    def install_command(self) -> tuple[str, ...]:
        """The command that installs the manifest, not yet expanded."""
        return self._dependencies.install_command

    @property
    def manifest_path(self) -> Path:
        """The manifest in the pack; the pack itself if the runtime knows none."""
        return self.pack_dir / self._dependencies.manifest_file

    @property
    def build_dir(self) -> Path:
        """The directory of exactly this environment; another wish, another directory.

        An environment cannot be moved once built, so it is built where it stays.
        """
        return self.link.parent / ".builds" / f"{self.name}-{self._fingerprint()}"

    @property
    def env_dir(self) -> Path:
        """The directory that commands know as `{env_dir}`."""
        return self.build_dir / "env"

    @property
    def ready_file(self) -> Path:
        """The file that is written last, when the environment is complete."""
        return self.build_dir / "ready"

    @property
    def interpreter(self) -> str:
        """The program that runs code in there; empty for native programs."""
        if self._environment.interpreter_path and self.is_needed:
            return expand(self._environment.interpreter_path, self.expansions())
        return self._binary

    def is_ready(self) -> bool:
        """Tell whether it is complete and its interpreter still there."""
        if not self.ready_file.exists():
            return False
        interpreter = Path(self.interpreter)
        return not interpreter.is_absolute() or interpreter.exists()

    def expansions(self) -> Mapping[str, str]:
        """Return what the commands may refer to."""
        return {
            "pack_dir": str(self.pack_dir),
            "env_dir": str(self.env_dir),
            "interpreter": self._binary,
            "manifest_path": str(self.manifest_path),
        }

    def _fingerprint(self) -> str:
        wishes = [
            self.create_command,
            self.install_command if self.installs else (),
            self._environment.interpreter_path,
            self._binary,
            (self.manifest or b"").hex() if self.installs else None,
        ]
        return hashlib.sha256(json.dumps(wishes).encode()).hexdigest()[
            :_FINGERPRINT_LENGTH
        ]

    @property
    def _binary(self) -> str:
        return self.config.interpreter.binary if self.config.interpreter else ""

    @property
    def _environment(self) -> RuntimeEnvironment:
        return self.config.environment or RuntimeEnvironment()

    @property
    def _dependencies(self) -> Dependencies:
        return self.config.dependencies or Dependencies()


def plan_environment(
    root: Path, pack_ref: str, pack_dir: Path, runtime: RuntimeLaunch
) -> EnvironmentPlan:
    """Read the manifest as it is now and say which environment it asks for."""
    dependencies = runtime.execution_config.dependencies or Dependencies()
    return EnvironmentPlan(
        root=root,
        pack_ref=pack_ref,
        pack_dir=pack_dir,
        name=_directory_name(runtime),
        config=runtime.execution_config,
        manifest=_manifest(pack_dir, dependencies.manifest_file),
    )


def _manifest(pack_dir: Path, name: str) -> bytes | None:
    if not name:
        return None
    try:
        return (pack_dir / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _directory_name(runtime: RuntimeLaunch) -> str:
    name = canonical_runtime_name(runtime.name)
    whole = f"{name}-{runtime.version}" if runtime.version else name
    return _UNSAFE.sub("-", whole.lower()).strip(".-") or "runtime"
