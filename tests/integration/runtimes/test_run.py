"""An action from its launch to its outcome, as a worker runs it."""

import asyncio
import json
import os
import signal
import stat
from pathlib import Path

import pytest

from attune.runtimes.run import RunLimits
from attune.runtimes.stream import Stream
from tests.integration.runtimes.launches import (
    NATIVE,
    PYTHON,
    SHELL,
    Bench,
    launch,
    open_bench,
)
from tests.integration.runtimes.processes import MARK, eventually, marked, new_mark
from tests.integration.runtimes.test_hostile_actions import HOSTILE


async def test_file_of_the_pack_gets_its_parameters_on_stdin(bench: Bench) -> None:
    entry = bench.action("act.py", "import sys; print(sys.stdin.read(), end='')")

    outcome = await bench.run(launch(PYTHON, entry, parameters={"a": [1, "é"]}))

    assert outcome.succeeded
    assert json.loads(outcome.stdout.content) == {"a": [1, "é"]}
    assert outcome.stdout.content.endswith(b"\n")


async def test_working_directory_is_the_pack(bench: Bench) -> None:
    outcome = await bench.run(launch(SHELL, "pwd"))

    assert outcome.stdout.content.decode() == f"{bench.pack_dir}\n"


async def test_exit_code_makes_the_outcome(bench: Bench) -> None:
    outcome = await bench.run(launch(SHELL, "echo bad >&2; exit 3"))

    assert (outcome.exit_code, outcome.succeeded) == (3, False)
    assert outcome.stderr.content == b"bad\n"


async def test_death_by_a_signal_is_told_as_a_shell_does(bench: Bench) -> None:
    outcome = await bench.run(launch(SHELL, "kill -SEGV $$"))

    assert (outcome.exit_code, outcome.signal) == (139, signal.SIGSEGV)


async def test_parameter_file_is_private_and_removed(bench: Bench) -> None:
    script = (
        "import os; path = os.environ['ATTUNE_PARAMETER_FILE'];"
        "print(path, oct(os.stat(path).st_mode), open(path).read(), sep='|')"
    )
    action = launch(
        PYTHON,
        bench.action("act.py", script),
        parameters={"token": "it's"},
        parameter_delivery="file",
        parameter_format="dotenv",
    )

    outcome = await bench.run(action)

    path, mode, content = outcome.stdout.content.decode().split("|")
    assert content == "token='it'\\''s'\n\n"
    assert stat.S_IMODE(int(mode, 8)) == 0o400
    assert not os.path.exists(path)  # noqa: ASYNC240, PTH110 - a look at one file
    assert bench.left_behind() == []


async def test_standard_input_is_empty_when_the_file_has_the_parameters(
    bench: Bench,
) -> None:
    action = launch(
        PYTHON,
        bench.action("act.py", "import sys; print(len(sys.stdin.read()))"),
        parameters={"a": 1},
        parameter_delivery="file",
    )

    assert (await bench.run(action)).stdout.content == b"0\n"


async def test_inline_shell_has_variables_and_an_empty_input(bench: Bench) -> None:
    code = 'INPUT=$(cat)\necho "[$item|$ITEM|$INPUT]"\nprintenv item ITEM || echo none'

    outcome = await bench.run(launch(SHELL, code, parameters={"item": "a b\n'c'"}))

    assert outcome.stdout.content == b"[a b\n'c'|a b\n'c'|]\nnone\n"
    assert bench.left_behind() == []


async def test_inline_shell_ends_at_the_first_failure(bench: Bench) -> None:
    outcome = await bench.run(launch(SHELL, "false\necho on"))

    assert (outcome.exit_code, outcome.stdout.content) == (1, b"")


async def test_inline_code_of_another_runtime_reads_its_input(bench: Bench) -> None:
    code = "import json, sys\nprint(json.load(sys.stdin)['a'] + 1)"

    outcome = await bench.run(launch(PYTHON, code, parameters={"a": 1}))

    assert outcome.stdout.content == b"2\n"


async def test_native_program_runs_by_itself(bench: Bench) -> None:
    entry = bench.action("native", "#!/bin/sh\ncat", mode=0o755)

    outcome = await bench.run(launch(NATIVE, entry, parameters={"a": 1}))

    assert outcome.stdout.content == b'{"a": 1}\n'


async def test_native_program_without_permission_is_a_readable_error(
    bench: Bench,
) -> None:
    entry = bench.action("native", "#!/bin/sh\ncat", mode=0o644)

    outcome = await bench.run(launch(NATIVE, entry))

    assert outcome.error is not None
    assert outcome.error.endswith("actions/native: Permission denied")


@pytest.mark.parametrize(
    ("config", "entrypoint"),
    [(PYTHON, "gone.py"), (SHELL, "gone.sh"), (NATIVE, "gone"), (NATIVE, "/bin/true")],
)
async def test_missing_file_is_a_readable_error(
    bench: Bench, config: dict[str, object], entrypoint: str
) -> None:
    outcome = await bench.run(launch(config, entrypoint))  # type: ignore[arg-type]  # JSON

    assert outcome.error == f"pack demo has no file actions/{entrypoint}"


async def test_missing_interpreter_is_a_readable_error(bench: Bench) -> None:
    config = {"interpreter": {"binary": "no-such-interpreter"}}

    outcome = await bench.run(launch(config, bench.action("act.x", "")))  # type: ignore[arg-type]  # JSON

    expected = "cannot run no-such-interpreter: No such file or directory"
    assert outcome.error == expected


async def test_library_of_the_pack_can_be_imported(bench: Bench) -> None:
    (bench.pack_dir / "lib").mkdir()
    (bench.pack_dir / "lib" / "shared_words.py").write_text("WORD = 'found'")
    entry = bench.action("act.py", "import shared_words; print(shared_words.WORD)")

    assert (await bench.run(launch(PYTHON, entry))).stdout.content == b"found\n"


async def test_environment_holds_nothing_of_the_worker(bench: Bench) -> None:
    action = launch(
        SHELL,
        bench.action("act.sh", "env -0"),
        parameters={"p": "parameter-canary"},
        environment={"MODE": "fast", "ATTUNE_EXEC_ID": "1"},
        token="execution-token",
    )

    outcome = await bench.run(action)

    pairs = outcome.stdout.content.decode().split("\0")
    seen = dict(pair.split("=", 1) for pair in pairs if pair)
    assert seen["MODE"] == "fast"
    assert seen["ATTUNE_EXEC_ID"] == "42"
    assert seen["HOME"] == str(bench.state_dir / "home")
    assert Path(seen["TMPDIR"]).parent.parent == bench.state_dir / "runs"
    assert "canary" not in outcome.stdout.content.decode()
    known = {"PATH", "LANG", "TZ", "HOME", "TMPDIR", "MODE", "PWD", "SHLVL", "_"}
    assert {name for name in seen if not name.startswith(("ATTUNE_", "LC_"))} <= known


async def test_home_and_temporary_directory_can_be_written(bench: Bench) -> None:
    code = 'touch "$HOME/kept" "$(mktemp)"; mkdir -p "$TMPDIR/a/b"; chmod 0 "$TMPDIR/a"'

    outcome = await bench.run(launch(SHELL, code))

    assert outcome.succeeded
    assert (bench.state_dir / "home" / "kept").exists()
    assert bench.left_behind() == []


@pytest.mark.parametrize(
    "deed",
    [
        "chmod 777 $TMPDIR",
        "rmdir $TMPDIR; ln -s /etc $TMPDIR",
        "rmdir $TMPDIR; touch $TMPDIR",
        "rmdir $TMPDIR",
        "mkdir -p $TMPDIR/a/b; touch $TMPDIR/a/b/c; chmod 0 $TMPDIR/a $TMPDIR",
    ],
)
async def test_next_run_finds_its_directory_private_and_empty(
    bench: Bench, deed: str
) -> None:
    bad = bench.action("bad.sh", deed)
    look = bench.action("look.sh", 'stat -c "%F %a" $TMPDIR; ls -A $TMPDIR')

    await bench.run(launch(SHELL, bad))
    outcome = await bench.run(launch(SHELL, look))

    assert outcome.stdout.content == b"directory 700\n"
    assert Path("/etc/passwd").exists()  # noqa: ASYNC240 - a look at one file


async def test_time_limit_ends_the_action(bench: Bench) -> None:
    mark = new_mark()
    code = "trap '' TERM; setsid sleep 600 & echo begun; sleep 600"
    action = launch(SHELL, code, timeout_seconds=1, environment={MARK: mark})

    outcome = await bench.run(action)

    assert (outcome.timed_out, outcome.cancelled, outcome.succeeded) == (
        True,
        False,
        False,
    )
    assert 1000 <= outcome.duration_ms < 9000
    assert outcome.stdout.content == b"begun\n"
    assert marked(mark) == []
    assert bench.left_behind() == []


async def test_action_that_ends_well_after_its_limit_has_timed_out(
    bench: Bench,
) -> None:
    code = "trap 'exit 0' TERM; sleep 600 & wait"

    outcome = await bench.run(launch(SHELL, code, timeout_seconds=1))

    assert (outcome.exit_code, outcome.timed_out, outcome.succeeded) == (0, True, False)


@pytest.mark.parametrize("argv", HOSTILE.values(), ids=HOSTILE)
async def test_cancelled_action_leaves_nothing(bench: Bench, argv: list[str]) -> None:
    mark = new_mark()
    config, name = (SHELL, "act.sh") if argv[0] == "bash" else (PYTHON, "act.py")
    action = launch(config, bench.action(name, argv[2]), environment={MARK: mark})
    seen = asyncio.Event()

    async def sink(stream: Stream, offset: int, content: bytes) -> None:
        del stream, offset, content
        seen.set()

    running = asyncio.create_task(bench.run(action, sink))
    await asyncio.wait_for(seen.wait(), 20)
    bench.cancelled.set()
    outcome = await running

    assert (outcome.cancelled, outcome.timed_out, outcome.succeeded) == (
        True,
        False,
        False,
    )
    assert outcome.stdout.content == b"ready\n"
    assert marked(mark) == []
    assert bench.left_behind() == []


async def test_action_cancelled_before_its_start_is_not_started(bench: Bench) -> None:
    bench.cancelled.set()

    outcome = await bench.run(launch(SHELL, "echo started"))

    assert (outcome.cancelled, outcome.exit_code) == (True, None)
    assert outcome.stdout.content == b""


async def test_abandoned_run_kills_its_processes_and_removes_its_files(
    bench: Bench,
) -> None:
    mark = new_mark()
    action = launch(SHELL, "trap '' TERM; sleep 600", environment={MARK: mark})
    running = asyncio.create_task(bench.run(action))
    await eventually(lambda: bool(marked(mark)), of="the start")

    running.cancel()
    await asyncio.wait({running})

    assert running.cancelled()
    assert marked(mark) == []
    assert bench.left_behind() == []


async def test_secret_is_masked_in_every_output(bench: Bench) -> None:
    action = launch(
        SHELL,
        'echo "token=$api_key"; echo "$api_key" >&2; printenv ATTUNE_API_TOKEN; exit 1',
        parameters={"api_key": "s3cr3t-canary", "open": "shown"},
        secret_parameters=["api_key", "absent"],
        token="execution-token-canary",
    )

    outcome = await bench.run(action)

    assert outcome.stdout.content == b"token=***\n***\n"
    assert outcome.stderr.content == b"***\n"


async def test_large_output_is_cut_and_counted(bench: Bench) -> None:
    outcome = await bench.run(launch(SHELL, "head -c 5000000 /dev/zero | tr '\\0' x"))

    assert outcome.exit_code == 0
    assert outcome.stdout.truncated
    assert outcome.stdout.dropped_bytes == 4_900_000
    assert len(outcome.stdout.content) < 100_100


async def test_parameters_that_cannot_be_written_are_a_readable_error(
    bench: Bench,
) -> None:
    action = launch(SHELL, "true", parameters={"a b": 1}, parameter_format="dotenv")

    outcome = await bench.run(action)

    assert outcome.error == "parameter 'a b' has no spelling in dotenv"


async def test_pack_without_files_can_have_inline_actions(bench: Bench) -> None:
    (bench.pack_dir / "actions").rmdir()
    bench.pack_dir.rmdir()

    outcome = await bench.run(launch(SHELL, "echo fine"))

    assert outcome.stdout.content == b"fine\n"


async def test_actions_run_side_by_side(bench: Bench) -> None:
    outcomes = await asyncio.gather(
        *(
            bench.run(launch(SHELL, "echo $n; exit $n", parameters={"n": n}))
            for n in range(30)
        )
    )

    assert [outcome.exit_code for outcome in outcomes] == list(range(30))
    assert [int(outcome.stdout.content) for outcome in outcomes] == list(range(30))


async def test_files_of_a_killed_worker_are_removed_by_the_next(
    tmp_path: Path,
) -> None:
    abandoned = tmp_path / "state" / "runs" / "killed" / "run"
    abandoned.mkdir(parents=True)
    (abandoned / "parameters.json").write_text("canary")

    async with open_bench(tmp_path) as bench:
        assert [path.name for path in bench.runs()] != ["killed"]
        assert len(bench.runs()) == 1


async def test_files_of_a_living_worker_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    async with open_bench(tmp_path, RunLimits()) as first:
        (tmp_path / "second" / "state").symlink_to(tmp_path / "state")
        async with open_bench(tmp_path / "second"):
            assert len(first.runs()) == 2

            outcome = await first.run(launch(SHELL, "echo fine"))

        assert outcome.stdout.content == b"fine\n"
