"""What a process gets and how its end is told."""

import asyncio
import os
import resource
import signal
from pathlib import Path

import pytest

from attune.domain.errors import InvalidInput, NotConfigured, Unavailable
from attune.runtimes.output import OutputCapture
from attune.runtimes.process import ProcessSpec, Supervisor
from attune.runtimes.stream import Stream
from tests.integration.runtimes.processes import eventually, run, start

# The C library keeps numbers 32 to 34 for itself.
REAL_SIGNALS = 0x7FFFFFFF


async def test_exit_code_and_both_streams_are_told(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "sh", "-c", "echo out; echo err >&2; exit 3")

    assert (ran.exit.code, ran.exit.signal) == (3, None)
    assert (ran.stdout, ran.stderr) == (b"out\n", b"err\n")


async def test_death_by_signal_is_told(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "sh", "-c", "kill -SEGV $$")

    assert (ran.exit.code, ran.exit.signal) == (None, signal.SIGSEGV)


async def test_duration_is_that_of_the_process(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "sleep", "0.2")

    assert 200 <= ran.exit.duration_ms < 2000


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["no-such-program"], "cannot run no-such-program: No such file or directory"),
        (["/no/such"], "cannot run /no/such: No such file or directory"),
        (["/etc"], "cannot run /etc: Permission denied"),
    ],
)
async def test_program_that_cannot_run_is_a_readable_error(
    supervisor: Supervisor, argv: list[str], message: str
) -> None:
    ran = await run(supervisor, *argv)

    assert (ran.exit.code, ran.exit.error) == (None, message)


async def test_missing_working_directory_is_a_readable_error(
    supervisor: Supervisor,
) -> None:
    ran = await run(supervisor, "true", cwd=Path("/no/such/place"))

    assert ran.exit.error == "cannot enter /no/such/place: No such file or directory"


async def test_environment_is_exactly_what_was_given(supervisor: Supervisor) -> None:
    given = {"GREETING": "häl=lo\nworld", "EMPTY": ""}

    ran = await run(supervisor, "env", "-0", environment=given)

    seen = dict(pair.split("=", 1) for pair in ran.stdout.decode().split("\0") if pair)
    assert seen == {"PATH": os.environ["PATH"], **given}


async def test_arguments_arrive_unchanged(supervisor: Supervisor) -> None:
    arguments = ["", " ", "a b", "$HOME", "né\n", "-x"]

    ran = await run(supervisor, "printf", "[%s]", *arguments)

    assert ran.stdout.decode() == "".join(f"[{text}]" for text in arguments)


@pytest.mark.parametrize("bad", ["A\0", "\ud800"], ids=["NUL", "surrogate"])
async def test_text_that_no_process_can_get_is_refused(
    supervisor: Supervisor, bad: str
) -> None:
    with pytest.raises(InvalidInput):
        await run(supervisor, "true", environment={"A": bad})
    with pytest.raises(InvalidInput):
        await run(supervisor, "echo", bad)


async def test_large_environment_and_arguments_arrive(supervisor: Supervisor) -> None:
    large = "x" * 100_000
    environment = {f"V{n}": large for n in range(10)}

    ran = await run(
        supervisor, "sh", "-c", 'printf %s "$V9"; printf %s "$0"', large,
        environment=environment,
    )  # fmt: skip

    assert len(ran.stdout) == 200_000


async def test_standard_input_without_content_is_empty(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "cat")

    assert (ran.exit.code, ran.stdout) == (0, b"")


async def test_large_standard_input_arrives_whole(supervisor: Supervisor) -> None:
    content = os.urandom(3_000_000)

    ran = await run(supervisor, "cat", stdin=content)

    assert ran.stdout == content


async def test_process_may_ignore_its_input(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "true", stdin=b"x" * 3_000_000)
    closed = await run(
        supervisor, "sh", "-c", "exec <&-; sleep 0.1; echo on", stdin=b"x" * 3_000_000
    )

    assert ran.exit.code == 0
    assert closed.stdout == b"on\n"


async def test_signals_are_as_the_kernel_left_them(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "grep", "Sig[BI]", "/proc/self/status")

    masks = {int(line.split()[1], 16) for line in ran.stdout.splitlines()}
    assert {mask & REAL_SIGNALS for mask in masks} == {0}


async def test_no_file_of_the_platform_is_open_in_the_process(
    supervisor: Supervisor,
) -> None:
    ran = await run(supervisor, "ls", "/proc/self/fd")

    # The last one is the directory that `ls` reads.
    assert ran.stdout.split() == [b"0", b"1", b"2", b"3"]


async def test_user_code_yields_to_the_worker(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "nice")

    assert int(ran.stdout) == os.getpriority(os.PRIO_PROCESS, 0) + 5


async def test_user_code_leaves_no_core_file(supervisor: Supervisor) -> None:
    ran = await run(supervisor, "sh", "-c", "ulimit -c")

    assert ran.stdout == b"0\n"


async def test_process_has_a_session_and_a_group_of_its_own(
    supervisor: Supervisor,
) -> None:
    ran = await run(supervisor, "sh", "-c", "echo $$; cut -d' ' -f5,6 /proc/$$/stat")

    pid, ids = ran.stdout.split(b"\n")[:2]
    assert ids.split() == [pid, pid]


async def test_many_processes_at_once_keep_apart(supervisor: Supervisor) -> None:
    async def echo(number: int) -> bool:
        script = f"sleep 0.0{number % 10}; echo {number}; exit {number}"
        ran = await run(supervisor, "sh", "-c", script)
        return (ran.stdout, ran.exit.code) == (f"{number}\n".encode(), number)

    assert all(await asyncio.gather(*(echo(number) for number in range(60))))


async def test_worker_keeps_no_file_of_ended_processes(supervisor: Supervisor) -> None:
    await run(supervisor, "true")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count is all it is

    for _ in range(20):
        await run(supervisor, "cat", stdin=b"x")
    await run(supervisor, "no-such-program")

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


async def test_secrets_are_in_no_command_line(supervisor: Supervisor) -> None:
    secret = "canary-5b1f"
    script = "read -r line; echo ready; sleep 600"
    started = await start(
        supervisor, "bash", "-c", script, stdin=f"{secret}\n".encode()
    )
    await eventually(lambda: started.capture.seen_any, of="the first line")

    exposed = exposing(secret)

    started.process.kill()
    await started.end()
    assert exposed == []


def exposing(secret: str) -> list[Path]:
    """Return where other processes show the secret."""
    return [
        file
        for name in ("cmdline", "environ")
        for file in Path("/proc").glob(f"[0-9]*/{name}")
        if file.parent.name != str(os.getpid()) and secret in read(file)
    ]


def read(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


async def test_somebody_outside_who_holds_the_output_does_not_delay_the_end(
    supervisor: Supervisor,
) -> None:
    started = await start(supervisor, "sh", "-c", "echo $$; sleep 600")
    await eventually(lambda: started.capture.seen_any, of="the first line")
    pid = int((await peek(started.capture)).decode())
    held = os.open(f"/proc/{pid}/fd/1", os.O_WRONLY)

    started.process.kill()
    ran = await started.end()

    os.close(held)
    assert ran.exit.signal == signal.SIGKILL


async def peek(capture: OutputCapture) -> bytes:
    return (await capture.finish())[Stream.STDOUT].content


async def test_stopped_supervisor_refuses_work() -> None:
    supervisor = Supervisor()
    await supervisor.start()
    await supervisor.stop()

    with pytest.raises(Unavailable):
        await supervisor.spawn(ProcessSpec(["true"], Path("/"), {}), lambda *_: None)


async def test_other_systems_get_a_readable_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    with pytest.raises(NotConfigured, match="needs Linux, and this is darwin"):
        await Supervisor().start()


async def test_no_op_costs_little_processor_time(supervisor: Supervisor) -> None:
    def spent(who: int) -> float:
        usage = resource.getrusage(who)
        return usage.ru_utime + usage.ru_stime

    count = 50
    before = spent(resource.RUSAGE_SELF)
    for _ in range(count):
        await run(supervisor, "true", stdin=b"{}\n")
    ours = spent(resource.RUSAGE_SELF) - before
    ticks = read(Path(f"/proc/{supervisor.pid}/stat")).rpartition(")")[2].split()
    theirs = sum(map(int, ticks[11:15])) / os.sysconf("SC_CLK_TCK")

    # Four times what was measured on the reference machine, for a busy one.
    assert (ours + theirs) / count < 0.020
