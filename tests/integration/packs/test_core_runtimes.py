"""The runtimes of the core pack: their environments are made by the real commands."""

import asyncio
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from attune.domain.runtime import ExecutionConfig, expand
from attune.packs.loader import CORE_DIRECTORY, read_pack
from tests.support.packs import write_pack

RUNTIMES = {
    each.document.ref: each.document
    for each in read_pack(CORE_DIRECTORY).components.runtimes
}


def config_of(ref: str) -> ExecutionConfig:
    config = RUNTIMES[ref].execution_config
    assert config is not None
    return config


async def run(
    command: Sequence[str], variables: dict[str, str], path: str = "/usr/bin:/bin"
) -> str:
    """Run a command of a runtime as a worker does, and return what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *(expand(word, variables) for word in command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": path},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


def write_wheel(directory: Path) -> None:
    """Write a package that can be installed without any index."""
    info = "attune_probe-1.0.dist-info"
    files = {
        "attune_probe.py": "ANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: attune-probe\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(
        directory / "attune_probe-1.0-py3-none-any.whl", "w"
    ) as archive:
        for name, text in files.items():
            archive.writestr(name, text)


@pytest.fixture
def with_pip(tmp_path: Path) -> Path:
    """An interpreter that has pip."""
    return _interpreter(tmp_path / "with", "--copies")


@pytest.fixture
def without_pip(tmp_path: Path) -> Path:
    """An interpreter that has none."""
    return _interpreter(tmp_path / "without", "--copies", "--without-pip")


def _interpreter(directory: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "venv", *options, str(directory)]
    subprocess.run(command, check=True)  # noqa: S603 - our own interpreter
    return directory / "bin"


@pytest.mark.parametrize("kind", ["with_pip", "without_pip"])
async def test_a_python_pack_gets_its_requirements_and_nothing_else(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    path = f"{request.getfixturevalue(kind)}:/usr/bin:/bin"
    write_wheel(tmp_path)
    manifest = tmp_path / "requirements.txt"
    manifest.write_text(f"--no-index\n--find-links {tmp_path}\nattune-probe\n")
    config = config_of("core.python")
    assert config.environment is not None
    assert config.dependencies is not None
    variables = {
        "env_dir": str(tmp_path / "env"),
        "interpreter": "python3",
        "manifest_path": str(manifest),
    }

    await run(config.environment.create_command, variables, path)
    await run(config.dependencies.install_command, variables, path)

    python = expand(config.environment.interpreter_path or "", variables)
    probe = "import attune_probe; print(attune_probe.ANSWER)"
    assert await run([python, "-c", probe], {}) == "42\n"
    other = "import importlib.util as u; print(u.find_spec('pydantic'))"
    assert await run([python, "-c", other], {}) == "None\n"


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
async def test_a_node_pack_gets_its_modules(tmp_path: Path, *, locked: bool) -> None:
    module = write_pack(
        tmp_path / "probe",
        {
            "package.json": json.dumps({"name": "probe", "version": "1.0.0"}),
            "index.js": "module.exports = 42",
        },
    )
    manifest = tmp_path / "pack" / "package.json"
    write_pack(
        manifest.parent,
        {
            "package.json": json.dumps({"dependencies": {"probe": f"file:{module}"}}),
            "main.js": "console.log(require('probe'))",
        },
    )
    path = f"{Path(shutil.which('npm') or '').parent}:/usr/bin:/bin"
    if locked:
        lock = ["npm", "install", "--package-lock-only", "--offline", "--prefix"]
        await run([*lock, str(manifest.parent)], {}, path)
    config = config_of("core.nodejs")
    assert config.environment is not None
    assert config.dependencies is not None
    variables = {
        "env_dir": str(tmp_path / "env"),
        "manifest_path": str(manifest),
    }

    await run(config.environment.create_command, variables, path)
    await run(config.dependencies.install_command, variables, path)

    modules = expand(str(config.env_vars["NODE_PATH"]), variables)
    command = ["env", f"NODE_PATH={modules}", "node", str(manifest.parent / "main.js")]
    assert await run(command, {}, path) == "42\n"


def test_only_the_builtin_runtime_runs_nothing() -> None:
    assert {ref for ref, each in RUNTIMES.items() if each.execution_config is None} == {
        "core.builtin"
    }
