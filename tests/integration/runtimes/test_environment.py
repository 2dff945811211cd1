"""Runtime environments are built once, when needed, and never seen half built."""

import asyncio
import json
import os
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from attune.domain.errors import ActionFailed
from attune.domain.json import JsonObject
from attune.domain.runtime import ExecutionConfig
from attune.runtimes.environment import RuntimeEnvironments
from attune.runtimes.environment_plan import EnvironmentPlan
from attune.runtimes.launch import RuntimeLaunch
from attune.runtimes.process import Supervisor
from tests.integration.runtimes.launches import VENV, Bench, launch, runtime
from tests.integration.runtimes.processes import eventually


def write_wheel(directory: Path, word: str) -> str:
    """Write a package `local_words` and return the requirement that names it."""
    name = "local_words-1.0"
    info = f"{name}.dist-info"
    path = directory / f"{name}-py3-none-any.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("local_words.py", f"WORD = {word!r}\n")
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: local-words\nVersion: 1.0\n",
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return str(path)


IMPORTS = "import local_words, sys; print(local_words.WORD, sys.prefix)"


async def test_requirement_is_importable_and_isolated_by_pack(bench: Bench) -> None:
    requirement = write_wheel(bench.pack_dir / "wheels", "here")
    (bench.pack_dir / "requirements.txt").write_text(requirement)
    entry = bench.action("act.py", IMPORTS)
    python = runtime("Python", VENV, "3.11")

    outcome = await bench.run(launch(VENV, entry, runtime=python))

    assert outcome.error is None, outcome.error
    word, prefix = outcome.stdout.content.decode().split()
    link = bench.envs_dir / "demo" / "python-3.11"
    assert word == "here"
    assert link.resolve() == Path(prefix)
    assert Path(prefix).is_relative_to(bench.envs_dir)

    (bench.pack_dir / "requirements.txt").unlink()
    other = launch(VENV, entry, runtime=python, pack_ref="other")
    isolated = await bench.run(other)

    assert isolated.exit_code == 1
    assert b"No module named 'local_words'" in isolated.stderr.content


async def test_requirement_that_cannot_be_installed_is_a_readable_error(
    bench: Bench,
) -> None:
    (bench.pack_dir / "requirements.txt").write_text("this is no requirement!\n")
    entry = bench.action("act.py", "print('started')")

    outcome = await bench.run(launch(VENV, entry, runtime=runtime("Python", VENV)))

    assert outcome.error is not None
    assert outcome.error.startswith(
        "The environment python of pack demo cannot be built: "
    )
    assert "pip install -r" in outcome.error
    assert "Invalid requirement" in outcome.error
    assert outcome.stdout.content == b""
    assert not (bench.envs_dir / "demo" / "python").exists()


class Builder:
    """Environments made by a shell script that counts and can be told to wait."""

    def __init__(self, root: Path, supervisor: Supervisor) -> None:
        self.root = root
        self.pack_dir = root / "pack"
        self.pack_dir.mkdir(exist_ok=True)
        self.log = root / "log"
        self.supervisor = supervisor
        self.environments = self.worker()
        self.never = asyncio.Event()

    def worker(self, limit_seconds: float = 60) -> RuntimeEnvironments:
        """Return the environments as another worker sees them."""
        variables = {"PATH": os.environ["PATH"], "LOG": str(self.log)}
        return RuntimeEnvironments(
            self.root / "envs", self.supervisor, variables, limit_seconds
        )

    def manifest(self, content: str) -> None:
        """Write the pack's manifest."""
        (self.pack_dir / "manifest.json").write_text(content)

    def plan(
        self,
        install: str = 'echo install >> "$LOG"; cp "$1" "$2/installed"',
        create: str = 'echo create >> "$LOG"; mkdir "$1"; sleep 0.1',
    ) -> EnvironmentPlan:
        """Say what is needed now."""
        shell = ["sh", "-c"]
        config: JsonObject = {
            "interpreter": {"binary": "sh"},
            "environment": {"create_command": [*shell, create, "create", "{env_dir}"]},
            "dependencies": {
                "manifest_file": "manifest.json",
                "install_command": [
                    *shell,
                    install,
                    "install",
                    "{manifest_path}",
                    "{env_dir}",
                ],
            },
        }
        launched = RuntimeLaunch(
            ref="core.test",
            name="Test",
            execution_config=ExecutionConfig.model_validate(config),
        )
        return self.environments.plan("demo", self.pack_dir, launched)

    async def installed(
        self, plan: EnvironmentPlan, environments: RuntimeEnvironments | None = None
    ) -> str:
        """Use the environment and return what was installed in it."""
        using = (environments or self.environments).use(plan, self.never)
        async with asyncio.timeout(60), using as directory:
            return (directory / "installed").read_text()

    def steps(self) -> list[str]:
        """Return the commands that ran so far."""
        return self.log.read_text().split() if self.log.exists() else []

    def builds(self) -> list[Path]:
        """Return the builds that exist."""
        builds = (self.root / "envs" / "demo" / ".builds").iterdir()
        return sorted(path for path in builds if not path.name.startswith(".trash"))


@pytest.fixture
async def builder(tmp_path: Path, supervisor: Supervisor) -> AsyncIterator[Builder]:
    builder = Builder(tmp_path, supervisor)
    yield builder
    await builder.environments.close()


async def test_callers_at_once_share_one_build(builder: Builder) -> None:
    builder.manifest("a")
    plan = builder.plan()

    seen = await asyncio.gather(*(builder.installed(plan) for _ in range(5)))

    assert seen == ["a"] * 5
    assert builder.steps() == ["create", "install"]


async def test_workers_at_once_share_one_build(builder: Builder) -> None:
    builder.manifest("a")
    plan = builder.plan()

    seen = await asyncio.gather(
        *(builder.installed(plan, builder.worker()) for _ in range(5))
    )

    assert seen == ["a"] * 5
    assert builder.steps() == ["create", "install"]


async def test_environment_stays_until_the_manifest_changes(builder: Builder) -> None:
    builder.manifest("a")
    first = await builder.installed(builder.plan())
    again = await builder.installed(builder.plan())
    builder.manifest("b")
    changed = await builder.installed(builder.plan())

    assert [first, again, changed] == ["a", "a", "b"]
    assert builder.steps() == ["create", "install"] * 2
    link = builder.root / "envs" / "demo" / "test"
    assert (link / "installed").read_text() == "b"


async def test_changed_command_makes_another_environment(builder: Builder) -> None:
    builder.manifest("a")
    await builder.installed(builder.plan())

    seen = await builder.installed(builder.plan(install='echo new > "$2/installed"'))

    assert seen == "new\n"


async def test_pack_without_a_manifest_installs_nothing(builder: Builder) -> None:
    plan = builder.plan()

    async with builder.environments.use(plan, builder.never) as directory:
        assert directory.is_dir()

    assert builder.steps() == ["create"]


async def test_manifest_is_also_where_the_installer_works(builder: Builder) -> None:
    builder.manifest("a")
    plan = builder.plan(install='cp "$2/manifest.json" "$2/installed"')

    assert await builder.installed(plan) == "a"


async def test_runtime_that_needs_nothing_gets_nothing(builder: Builder) -> None:
    plain = RuntimeLaunch(ref="core.shell", name="Shell")
    plan = builder.environments.plan("demo", builder.pack_dir, plain)

    async with builder.environments.use(plan, builder.never):
        assert not (builder.root / "envs").exists()


async def test_failed_build_tells_the_end_of_the_output_and_is_tried_again(
    builder: Builder,
) -> None:
    builder.manifest("a")
    broken = builder.plan(install="seq 100; echo 'no such package' >&2; exit 9")

    with pytest.raises(ActionFailed) as failed:
        await builder.installed(broken)

    lines = failed.value.message.splitlines()
    assert lines[0].endswith("ended with 9")
    assert lines[-1] == "no such package"
    assert len(lines) == 21
    with pytest.raises(ActionFailed):
        await builder.installed(broken)
    assert builder.steps() == ["create", "create"]


async def test_build_without_end_is_killed_at_its_limit(builder: Builder) -> None:
    environments = builder.worker(limit_seconds=0.3)
    plan = builder.plan(create="setsid sleep 600 & sleep 600")

    with pytest.raises(ActionFailed, match=r"still ran after 0\.3 seconds"):
        await builder.installed(plan, environments)


async def test_build_that_was_cut_off_is_made_anew(builder: Builder) -> None:
    builder.manifest("a")
    plan = builder.plan()
    plan.env_dir.mkdir(parents=True)
    (plan.env_dir / "installed").write_text("half")

    assert await builder.installed(plan) == "a"


async def test_installer_that_is_missing_is_a_readable_error(builder: Builder) -> None:
    config: JsonObject = {"environment": {"create_command": ["no-such-installer"]}}
    launched = RuntimeLaunch(
        ref="core.test",
        name="Test",
        execution_config=ExecutionConfig.model_validate(config),
    )
    plan = builder.environments.plan("demo", builder.pack_dir, launched)

    with pytest.raises(ActionFailed, match="cannot run no-such-installer"):
        await builder.installed(plan)


async def test_environment_without_its_interpreter_is_a_readable_error(
    builder: Builder,
) -> None:
    config: JsonObject = {
        "environment": {
            "create_command": ["mkdir", "{env_dir}"],
            "interpreter_path": "{env_dir}/bin/python",
        }
    }
    launched = RuntimeLaunch(
        ref="core.test",
        name="Test",
        execution_config=ExecutionConfig.model_validate(config),
    )
    plan = builder.environments.plan("demo", builder.pack_dir, launched)

    with pytest.raises(ActionFailed, match="it has no /"):
        await builder.installed(plan)


async def test_environment_in_use_is_not_removed_by_newer_ones(
    builder: Builder,
) -> None:
    builder.manifest("0")
    plan = builder.plan()

    await builder.installed(plan)
    async with builder.environments.use(plan, builder.never) as directory:
        for number in range(1, 5):
            builder.manifest(str(number))
            await builder.installed(builder.plan())
        assert (directory / "installed").read_text() == "0"
        assert len(builder.builds()) == 3

    builder.manifest("5")
    await builder.installed(builder.plan())
    assert len(builder.builds()) == 2


async def test_caller_that_gives_up_does_not_stop_the_build_for_others(
    builder: Builder,
) -> None:
    builder.manifest("a")
    gate = builder.root / "gate"
    waits = f'while [ ! -e "{gate}" ]; do sleep 0.01; done; cp "$1" "$2/installed"'
    plan = builder.plan(install='echo install >> "$LOG"; ' + waits)
    given_up = asyncio.Event()

    async def impatient() -> None:
        async with builder.environments.use(plan, given_up):
            pass

    leaving = asyncio.create_task(impatient())
    staying = asyncio.create_task(builder.installed(plan))
    await eventually(lambda: "install" in builder.steps(), of="the installation")
    given_up.set()
    with pytest.raises(ActionFailed, match="gave up"):
        await leaving
    gate.touch()

    assert await staying == "a"
    assert builder.steps() == ["create", "install"]


async def test_closing_ends_what_is_being_built(builder: Builder) -> None:
    plan = builder.plan(create='echo create >> "$LOG"; sleep 600')
    waiting = asyncio.create_task(builder.installed(plan))
    await eventually(lambda: builder.steps() == ["create"], of="the creation")

    await builder.environments.close()

    await asyncio.wait({waiting}, timeout=10)
    assert waiting.done()


async def test_installers_see_only_what_they_need(builder: Builder) -> None:
    builder.manifest("a")
    plan = builder.plan(install='env > "$2/installed"')

    seen = await builder.installed(plan)

    names = {line.split("=")[0] for line in seen.splitlines()}
    assert names <= {"PATH", "LOG", "PWD", "SHLVL", "_", "OLDPWD"}


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm here")
async def test_npm_installs_a_local_package_beside_the_manifest(
    builder: Builder,
) -> None:
    package = builder.pack_dir / "words"
    package.mkdir()
    (package / "package.json").write_text(
        json.dumps({"name": "words", "version": "1.0.0"})
    )
    (package / "index.js").write_text("module.exports = 'found'")
    (builder.pack_dir / "package.json").write_text(
        json.dumps({"dependencies": {"words": f"file:{package}"}})
    )
    config: JsonObject = {
        "interpreter": {"binary": "node"},
        "environment": {"create_command": ["mkdir", "-p", "{env_dir}"]},
        "dependencies": {
            "manifest_file": "package.json",
            "install_command": ["npm", "install", "--offline", "--prefix", "{env_dir}"],
        },
    }
    launched = RuntimeLaunch(
        ref="core.nodejs",
        name="Node.js",
        execution_config=ExecutionConfig.model_validate(config),
    )
    plan = builder.environments.plan("demo", builder.pack_dir, launched)

    async with builder.environments.use(plan, builder.never) as directory:
        assert (directory / "node_modules" / "words" / "index.js").is_file()
    assert plan.link.name == "nodejs"
