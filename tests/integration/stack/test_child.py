"""Child processes: their output, their end, and the end of the one who made them."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from attune.stack.child import Child, Command
from tests.support.eventually import eventually

SHELL = "/bin/sh"


def shell(script: str) -> Command:
    return Command(argv=(SHELL, "-c", script))


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_output_of_both_streams_reaches_the_sink() -> None:
    output: list[bytes] = []

    child = await Child.spawn(shell("echo out; echo err >&2; exit 3"), output.append)
    code = await child.wait()
    await child.close()

    assert code == 3
    assert sorted(b"".join(output).split()) == [b"err", b"out"]


async def test_child_leads_a_session_of_its_own() -> None:
    child = await Child.spawn(shell("sleep 60"), lambda _: None)

    try:
        assert os.getsid(child.pid) == child.pid
    finally:
        await child.stop(1)


async def test_child_that_ignores_the_request_is_killed() -> None:
    output: list[bytes] = []
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = await Child.spawn(shell(script), output.append)
    await eventually(lambda: output)

    await child.stop(0.2)

    assert child.exit_code == -signal.SIGKILL
    assert not running(child.pid)


async def test_stop_leaves_nothing_of_the_group() -> None:
    output: list[bytes] = []
    child = await Child.spawn(shell("sleep 60 & echo $!; wait"), output.append)
    await eventually(lambda: b"\n" in b"".join(output))

    await child.stop(1)

    await eventually(lambda: not running(int(b"".join(output))), seconds=1)


async def test_missing_program_is_said_in_one_line() -> None:
    output: list[bytes] = []

    child = await Child.spawn(Command(argv=("/nonexistent",)), output.append)
    code = await child.wait()
    await child.close()

    assert code == 1
    assert b"cannot run /nonexistent: No such file" in b"".join(output)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's")
async def test_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio\n"
        "from attune.stack.child import Child, Command\n"
        "async def main():\n"
        "    command = Command(argv=('/bin/sh', '-c', 'exec sleep 60'))\n"
        "    child = await Child.spawn(command, lambda _: None)\n"
        "    print(child.pid, flush=True)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await parent.stdout.readline())
    assert running(pid)

    parent.kill()
    await parent.wait()

    await eventually(lambda: not running(pid), seconds=2)
