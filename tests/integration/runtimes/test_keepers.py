"""A keeper that has brought one action to its end is given the next."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from attune.runtimes.keepers import MOST_AT_REST
from attune.runtimes.process import Supervisor
from tests.integration.runtimes.processes import eventually, run, start


def keepers(supervisor: Supervisor) -> list[int]:
    root = psutil.Process(supervisor.pid)
    return [child.pid for child in root.children()]


async def keeper_of(supervisor: Supervisor, script: str = "") -> int:
    ran = await run(supervisor, "sh", "-c", f"echo $PPID; {script}")
    return int(ran.stdout.splitlines()[0])


async def test_one_keeper_serves_one_action_after_the_other(
    supervisor: Supervisor,
) -> None:
    assert len({await keeper_of(supervisor) for _ in range(5)}) == 1
    assert len(keepers(supervisor)) == 1


async def test_nothing_of_an_action_is_found_by_the_next(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "first").mkdir()
    await run(
        supervisor,
        *("sh", "-c", "read line; umask 0; exit 3"),
        stdin=b"secret\n",
        cwd=tmp_path / "first",
        environment={"TOKEN": "hidden", "PATH": os.environ["PATH"]},
    )
    (tmp_path / "first").rmdir()

    script = "pwd; env; umask; nice; cat; ls /proc/self/fd | wc -l"
    after = await run(supervisor, "sh", "-c", script, cwd=tmp_path)
    other = Supervisor()
    await other.start()
    fresh = await run(other, "sh", "-c", script, cwd=tmp_path)
    await other.stop()

    assert after.stdout == fresh.stdout
    assert (after.exit.code, after.exit.signal) == (0, None)


async def test_an_end_by_failure_or_signal_lets_a_keeper_rest(
    supervisor: Supervisor,
) -> None:
    first = await keeper_of(supervisor)
    await run(supervisor, "no-such-program")
    ran = await run(supervisor, "sh", "-c", "kill -SEGV $$")

    assert ran.exit.signal == signal.SIGSEGV
    assert await keeper_of(supervisor) == first


async def test_a_keeper_that_was_told_more_than_its_order_does_not_rest(
    supervisor: Supervisor,
) -> None:
    first = await keeper_of(supervisor)
    stopped = await start(supervisor, "sleep", "60")
    stopped.process.terminate(1)
    await stopped.end()

    assert await keeper_of(supervisor) != first


async def test_what_an_action_leaves_behind_ends_before_its_keeper_rests(
    supervisor: Supervisor,
) -> None:
    ran = await run(supervisor, "sh", "-c", "setsid sleep 61 & echo $!")

    assert ran.exit.code == 0
    assert not psutil.pid_exists(int(ran.stdout))
    assert await keeper_of(supervisor) == keepers(supervisor)[0]


async def test_a_keeper_that_was_killed_at_rest_is_not_asked(
    supervisor: Supervisor,
) -> None:
    killed = await keeper_of(supervisor)
    os.kill(killed, signal.SIGKILL)
    await eventually(lambda: killed not in keepers(supervisor), of="its end")
    # The supervisor tells of it when nothing that the keeper had is left.
    await asyncio.sleep(0.2)

    ran = await run(supervisor, "echo", "alive")

    assert (ran.exit.error, ran.stdout) == (None, b"alive\n")


async def test_of_many_keepers_a_few_rest(supervisor: Supervisor) -> None:
    await asyncio.gather(*(run(supervisor, "sleep", "0.3") for _ in range(20)))

    await eventually(
        lambda: len(keepers(supervisor)) == MOST_AT_REST, of="the end of the others"
    )


async def test_resting_keepers_end_with_their_supervisor(
    supervisor: Supervisor,
) -> None:
    resting = await keeper_of(supervisor)
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)

    await eventually(lambda: not psutil.pid_exists(resting), of="its end")
    assert (await run(supervisor, "echo", "again")).stdout == b"again\n"
