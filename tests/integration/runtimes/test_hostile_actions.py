"""Whatever an action does to stay alive, nothing of it survives its end."""

import os
import signal
import time
from pathlib import Path

import pytest

from attune.runtimes.process import Supervisor
from tests.integration.runtimes.processes import (
    MARK,
    Started,
    eventually,
    is_alive,
    marked,
    new_mark,
    run,
    start,
)

IGNORES_SIGTERM = "trap '' TERM; echo ready; sleep 600; sleep 600"
DOUBLE_FORKS = "( (sleep 600 & exec sleep 600) & ) ; echo ready; sleep 600"
NEW_SESSION = "setsid sleep 600 & setsid setsid -f sleep 600; echo ready; sleep 600"
NOHUP_PIPE = (
    "nohup sh -c 'sleep 600 | cat | cat' >/dev/null 2>&1 & echo ready; sleep 600"
)
FORK_STORM = (
    "for i in $(seq 200); do (setsid sleep 600 &) ; done; echo ready; sleep 600"
)
HOLDS_STDOUT = "(trap '' TERM HUP; setsid sleep 600) & echo ready; sleep 600"
ALL_AT_ONCE = (
    "trap '' TERM; for i in 1 2 3 4 5; do"
    " (trap '' TERM; setsid sh -c '(sleep 600 | sleep 600) & sleep 600' &); done;"
    " echo ready; sleep 600"
)
FLEES = """
import os, sys
print("ready", flush=True)
if os.fork():
    while True: pass
os.setsid()
while True:
    if os.fork():
        os._exit(0)
"""

HOSTILE = {
    "ignores SIGTERM": ["bash", "-c", IGNORES_SIGTERM],
    "double-forks": ["bash", "-c", DOUBLE_FORKS],
    "calls setsid": ["bash", "-c", NEW_SESSION],
    "nohup with a background pipe": ["bash", "-c", NOHUP_PIPE],
    "fork storm of 200": ["bash", "-c", FORK_STORM],
    "child holds stdout open": ["bash", "-c", HOLDS_STDOUT],
    "everything at once": ["bash", "-c", ALL_AT_ONCE],
    "a new process id all the time": ["python3", "-c", FLEES],
}


async def begin(supervisor: Supervisor, mark: str, *argv: str) -> Started:
    started = await start(supervisor, *argv, environment={MARK: mark})
    await eventually(lambda: started.capture.seen_any, within=20, of="a first line")
    return started


@pytest.mark.parametrize("argv", HOSTILE.values(), ids=HOSTILE)
async def test_terminated_action_leaves_no_survivor(
    supervisor: Supervisor, argv: list[str]
) -> None:
    mark = new_mark()
    started = await begin(supervisor, mark, *argv)
    asked_at = time.monotonic()

    started.process.terminate(0.3)
    await started.end()

    assert marked(mark) == []
    assert time.monotonic() - asked_at < 10


@pytest.mark.parametrize("argv", HOSTILE.values(), ids=HOSTILE)
async def test_stopped_supervisor_leaves_no_survivor(argv: list[str]) -> None:
    mark = new_mark()
    supervisor = Supervisor()
    await begin(supervisor, mark, *argv)

    await supervisor.stop()

    assert marked(mark) == []


async def test_exit_does_not_wait_for_children_that_hold_stdout(
    supervisor: Supervisor,
) -> None:
    mark = new_mark()
    script = "sleep 600 & setsid sleep 600 & echo done; exit 4"

    ran = await run(supervisor, "bash", "-c", script, environment={MARK: mark})

    assert (ran.exit.code, ran.stdout) == (4, b"done\n")
    assert marked(mark) == []


async def test_graceful_descendants_get_the_whole_grace(
    supervisor: Supervisor,
) -> None:
    child = "trap 'sleep 0.5; echo cleaned; exit 0' TERM; echo ready; sleep 600 & wait"
    script = f'bash -c "{child}" & sleep 600'
    started = await begin(supervisor, new_mark(), "bash", "-c", script)

    started.process.terminate(20)
    ran = await started.end()

    assert ran.stdout == b"ready\ncleaned\n"
    assert ran.exit.signal == signal.SIGTERM


async def test_stopped_processes_hear_the_request_to_end(
    supervisor: Supervisor,
) -> None:
    script = "trap 'echo heard; exit 3' TERM; echo ready; kill -STOP $$"
    started = await begin(supervisor, new_mark(), "bash", "-c", script)

    started.process.terminate(20)
    ran = await started.end()

    assert (ran.exit.code, ran.stdout) == (3, b"ready\nheard\n")


async def test_action_that_kills_its_keeper_does_not_escape(
    supervisor: Supervisor,
) -> None:
    mark = new_mark()
    script = "setsid sleep 600 & (setsid sleep 600 &); kill -9 $PPID; sleep 600"

    ran = await run(supervisor, "bash", "-c", script, environment={MARK: mark})

    assert ran.exit.code is None
    assert ran.exit.error == "the process that kept this one was killed"
    assert marked(mark) == []


async def test_killed_keeper_does_not_disturb_other_actions(
    supervisor: Supervisor,
) -> None:
    calm = await begin(supervisor, new_mark(), "sh", "-c", "echo ready; exec sleep 600")

    await run(supervisor, "bash", "-c", "kill -9 $PPID; sleep 600")

    assert not calm.process.has_ended
    calm.process.kill()
    assert (await calm.end()).exit.signal == signal.SIGKILL


async def test_action_that_stops_its_keeper_is_ended(supervisor: Supervisor) -> None:
    mark = new_mark()
    script = "setsid sleep 600 & echo ready; kill -STOP $PPID; sleep 600"
    started = await begin(supervisor, mark, "bash", "-c", script)

    started.process.terminate(0.2)
    await started.end()

    assert marked(mark) == []


async def test_killed_supervisor_takes_its_actions_along_and_is_replaced(
    supervisor: Supervisor,
) -> None:
    mark = new_mark()
    started = await begin(supervisor, mark, *HOSTILE["everything at once"])
    first = supervisor.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)

    await started.end()
    await eventually(lambda: not marked(mark), of="the end of the actions")
    ran = await run(supervisor, "echo", "again")
    assert ran.stdout == b"again\n"
    assert supervisor.pid != first
    assert not is_alive(first)


async def test_action_started_just_after_the_supervisor_died_runs(
    supervisor: Supervisor,
) -> None:
    assert supervisor.pid is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    await eventually(lambda: not is_alive(supervisor.pid or 0), of="its end")

    ran = await run(supervisor, "echo", "again")

    assert ran.stdout == b"again\n"


async def test_signals_of_a_terminal_do_not_end_the_supervisor(
    supervisor: Supervisor,
) -> None:
    assert supervisor.pid is not None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(supervisor.pid, number)

    ran = await run(supervisor, "echo", "alive")

    assert ran.stdout == b"alive\n"


async def test_supervisor_stays_small_and_keeps_nothing(
    supervisor: Supervisor,
) -> None:
    before = open_file_count(supervisor)

    for _ in range(50):
        await run(supervisor, "true", stdin=b"{}\n")

    # One keeper rests, and the supervisor holds its line.
    await eventually(
        lambda: open_file_count(supervisor) == before + 1,
        of="the closing of every file",
    )
    assert resident_kb(supervisor) < 25_000


def open_file_count(supervisor: Supervisor) -> int:
    return len(list(Path(f"/proc/{supervisor.pid}/fd").iterdir()))


def resident_kb(supervisor: Supervisor) -> int:
    status = Path(f"/proc/{supervisor.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
