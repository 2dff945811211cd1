"""The whole platform on this machine: start it, show it, stop it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attune.cli.exit_code import ExitCode
from attune.cli.process import end
from attune.domain.errors import Unavailable
from attune.log import set_up_logging
from attune.stack.directory import HOME_VARIABLE, StackDirectory, default_directory
from attune.stack.record import StackRecord, read_record

if TYPE_CHECKING:
    from attune.stack.ports import Ports
    from attune.stack.stack import Stack

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.1
_LAST_LINE = "Ctrl-C stops it."
FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

DataDirectory = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help=f"Directory of the stack; else {HOME_VARIABLE}, the checkout's .attune, "
        "or ~/.local/state/attune.",
    ),
]


class PortChoice(StrEnum):
    """Which ports the stack takes."""

    FIXED = "fixed"
    AUTO = "auto"


def up(
    data_dir: DataDirectory = None,
    *,
    host: Annotated[
        str, typer.Option(envvar="ATTUNE__SERVER__HOST", help="Address of the API.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            envvar="ATTUNE__SERVER__PORT", help="Port of the API; 0 takes a free one."
        ),
    ] = None,
    ports: Annotated[
        PortChoice,
        typer.Option(help="Fixed ports (8080, 7233, 8233), or any that are free."),
    ] = PortChoice.FIXED,
    workers: Annotated[int, typer.Option(min=1, help="How many workers.")] = 1,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what the parts print.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Leave it running and return.")
    ] = False,
) -> None:
    """Run everything on this machine: PostgreSQL, Temporal, API, orchestrator, worker.

    Ctrl-C stops all of it; a second Ctrl-C does not wait.
    """
    directory = _directory(data_dir)
    if detach:
        words = ["--host", host, "--ports", ports, "--workers", str(workers)]
        words += [] if port is None else ["--port", str(port)]
        _detach(directory, [*words, *(["--verbose"] if verbose else [])])
        return
    set_up_logging("warning", "text", part="up")
    from attune.stack.processes import ignored_variables  # noqa: PLC0415 - slow
    from attune.stack.stack import Stack  # noqa: PLC0415 - slow

    for name in ignored_variables():
        if name not in {"ATTUNE__SERVER__HOST", "ATTUNE__SERVER__PORT"}:
            typer.echo(f"{name} is ignored: the stack decides that itself", err=True)
    stack = Stack(
        directory.root,
        ports=_ports(ports, port),
        host=host,
        worker_count=workers,
        report=_say,
        verbose=verbose,
    )
    asyncio.run(_serve(stack))
    end()


def down(data_dir: DataDirectory = None) -> None:
    """Stop the stack that runs on this machine, wherever it was started."""
    directory = _directory(data_dir)
    record = _running(directory)
    process = record.supervisor.process() if record and record.supervisor else None
    if process is None:
        raise Unavailable(f"no stack runs in {directory.root}")
    process.send_signal(signal.SIGTERM)
    _wait_until(lambda: not directory.is_locked(), STOP_SECONDS, "does not stop")
    typer.echo("stopped")


def status(
    data_dir: DataDirectory = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", "-j", help="Print all of it as JSON.")
    ] = False,
) -> None:
    """Show the parts of the stack on this machine; exits with 0 when all work."""
    directory = _directory(data_dir)
    record = _running(directory)
    if record is None:
        raise Unavailable(f"no stack runs in {directory.root}")
    if as_json:
        typer.echo(json.dumps(json.loads(directory.record.read_text()), indent=2))
    else:
        typer.echo(_table(record))
    if any(part.state != "ready" for part in record.parts.values()):
        raise typer.Exit(ExitCode.FAILED)


async def _serve(stack: "Stack") -> None:
    stop = asyncio.Event()
    _hear_signals(stop, stack)
    start = asyncio.create_task(stack.__aenter__())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({start, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not start.done():
        start.cancel()
        with suppress(asyncio.CancelledError):
            await start
        _say("stopped")
        return
    await start
    _say(_welcome(stack))
    try:
        await stopping
    finally:
        begun_at = time.monotonic()
        await stack.__aexit__(None, None, None)
        _say(f"all stopped in {time.monotonic() - begun_at:.1f} s")


def _hear_signals(stop: asyncio.Event, stack: "Stack") -> None:
    def hear() -> None:
        if stop.is_set():
            stack.abort()
            return
        stop.set()
        _say("stopping; Ctrl-C again does not wait")

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, hear)


def _detach(directory: StackDirectory, options: list[str]) -> None:
    directory.prepare()
    output = directory.logs / "up.log"
    command = [sys.executable, "-m", "attune", "up", "--data-dir", str(directory.root)]
    # The welcome that is written here shows the first administrator's password.
    with os.fdopen(os.open(output, FRESH, 0o600), "wb") as file:
        child = subprocess.Popen(  # noqa: S603 - ourselves
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )

    def is_ready() -> bool:
        if child.poll() is not None:
            raise Unavailable(output.read_text(errors="replace").strip())
        return _LAST_LINE in output.read_text(errors="replace")

    _wait_until(is_ready, READY_SECONDS, "did not become ready")
    text = output.read_text(errors="replace").rstrip()
    typer.echo(text.replace(_LAST_LINE, "`attune down` stops it."))


def _wait_until(condition: Callable[[], bool], seconds: float, problem: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise Unavailable(f"the stack {problem}")
        time.sleep(LOOK_SECONDS)


def _ports(choice: PortChoice, api_port: int | None) -> "Ports":
    from attune.stack.ports import AUTOMATIC, Ports  # noqa: PLC0415 - see up

    ports = Ports() if choice is PortChoice.FIXED else AUTOMATIC
    return ports if api_port is None else replace(ports, api=api_port)


def _directory(chosen: Path | None) -> StackDirectory:
    return StackDirectory(chosen or default_directory(os.environ))


def _running(directory: StackDirectory) -> StackRecord | None:
    return read_record(directory.record) if directory.is_locked() else None


def _say(text: str) -> None:
    # Nobody may be there to read it any more; that must not hinder the stop.
    with suppress(OSError):
        typer.echo(text)
        sys.stdout.flush()


def _welcome(stack: "Stack") -> str:
    known = f"the password is in {stack.directory.password_file}"
    password = f"password {stack.admin_password}" if stack.is_new else known
    return "\n".join(
        (
            "",
            "Attune is up.",
            f"  API           {stack.api_url}",
            f"  API document  {stack.api_url}/docs",
            f"  Temporal UI   {stack.temporal_ui_url}",
            f"  Login         admin, {password}",
            f"  Data          {stack.directory.root}",
            _LAST_LINE,
        )
    )


def _table(record: StackRecord) -> str:
    rows = [
        f"{name:<14}{part.state:<10}"
        f"{part.process.pid if part.process else '-':<9}{part.log}"
        for name, part in record.parts.items()
    ]
    places = [
        f"API           {record.api_url}",
        f"API document  {record.docs_url}",
        f"Temporal UI   {record.temporal_ui_url}",
    ]
    return "\n".join([*rows, "", *places])
