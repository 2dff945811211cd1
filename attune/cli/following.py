"""Following an execution for a person: what is shown, what Ctrl-C does, how it ends."""

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject, as_json
from attune.cli.errors import Refused
from attune.cli.exit_code import ExitCode
from attune.cli.follow import Follower
from attune.cli.interrupt import allow_interrupt
from attune.cli.log_stream import STREAMS
from attune.cli.output import Output
from attune.cli.prompts import is_interactive
from attune.cli.screen import PlainScreen, QuietScreen, TerminalScreen
from attune.cli.session import Session

if TYPE_CHECKING:
    from attune.cli.client import ApiClient

_COMMON_RESULT_KEYS = frozenset(
    {
        "cancelled",
        "duration_ms",
        "error",
        "exit_code",
        "stderr",
        "stderr_bytes_truncated",
        "stderr_log",
        "stderr_truncated",
        "stdout",
        "stdout_bytes_truncated",
        "stdout_truncated",
        "succeeded",
        "timed_out",
    }
)
"""What the result of any process has, and the output that has been shown already."""


def follow_to_end(
    session: Session,
    execution: JsonObject,
    *,
    quiet: bool = False,
    cancel_on_interrupt: bool = False,
) -> NoReturn:
    """Show the execution until it ends, print its result, exit with its outcome."""
    screen = _screen(session.out, quiet=quiet)
    shows_output = isinstance(screen, PlainScreen | TerminalScreen)
    streams = STREAMS if shows_output else ()
    with Follower(session.client, execution, screen, streams=streams) as follower:
        try:
            ended = _wait(follower, session.client, cancel_at_once=cancel_on_interrupt)
        finally:
            screen.close()
    report(session.out, ended, screen.shown if shows_output else None)


def report(out: Output, execution: JsonObject, shown: str | None) -> NoReturn:
    """Print what came of the execution and exit with its outcome.

    `shown` is the end of the standard output that was seen already.
    """
    if out.is_table:
        _print_result(out, execution, shown)
        out.note(summary(execution))
    else:
        out.document(execution)
    raise typer.Exit(ExitCode.of_status(execution["status"]))


def summary(execution: JsonObject) -> str:
    """Return the end of an execution in one line."""
    result = execution.get("result") or {}
    seconds = _duration(execution, result)
    text = f"execution {execution['id']} {execution['status']}"
    if seconds is not None:
        text += f" after {_readable(seconds)}"
    error = result.get("error")
    return f"{text}: {error}" if error else text


def _readable(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _wait(
    follower: Follower, client: "ApiClient", *, cancel_at_once: bool
) -> JsonObject:
    execution = follower.execution
    cancelling = False
    while True:
        try:
            return follower.wait()
        except KeyboardInterrupt:
            if cancelling or not (cancel_at_once or _wants_cancel(execution)):
                raise _detached(execution) from None
            _cancel(client, execution)
            cancelling = True
            allow_interrupt()


def _wants_cancel(execution: JsonObject) -> bool:
    if not is_interactive():
        return False
    allow_interrupt()
    question = f"\nCancel execution {execution['id']}? Otherwise it goes on unwatched."
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def _detached(execution: JsonObject) -> typer.Exit:
    number = execution["id"]
    typer.echo(
        f"\nexecution {number} goes on: `attune execution watch {number}` shows it "
        f"again, `attune execution cancel {number}` ends it",
        err=True,
    )
    return typer.Exit(ExitCode.INTERRUPTED)


def _cancel(client: "ApiClient", execution: JsonObject) -> None:
    try:
        client.post(api_path("executions", execution["id"], "cancel"))
    except Refused as error:
        # It ended in the meantime: the outcome is about to be shown.
        if error.status != HTTPStatus.CONFLICT:
            raise


def _screen(out: Output, *, quiet: bool) -> QuietScreen:
    if quiet or not out.is_table:
        return QuietScreen()
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return TerminalScreen()
    return PlainScreen()


def _print_result(out: Output, execution: JsonObject, shown: str | None) -> None:
    stdout = (execution.get("result") or {}).get("stdout")
    if shown is None and isinstance(stdout, str):
        sys.stdout.write(stdout)
    data = _data(execution)
    if data is not None and not _holds(shown or "", data):
        if shown and not shown.endswith("\n"):
            sys.stdout.write("\n")
        out.note("result:")
        sys.stdout.write((data if isinstance(data, str) else as_json(data)) + "\n")
    sys.stdout.flush()


def _holds(shown: str, data: object) -> bool:
    """Tell whether the data was read from what was shown, all of it or its last line."""
    for text in (shown, shown.rstrip().rpartition("\n")[2]):
        with suppress(ValueError, RecursionError):
            if json.loads(text) == data:
                return True
    return False


def _data(execution: JsonObject) -> object:
    """Return what the result has beyond the output; None if there is nothing."""
    result = execution.get("result") or {}
    data = result.get("data")
    if data is None:
        data = {k: v for k, v in result.items() if k not in _COMMON_RESULT_KEYS}
    return None if data in ({}, "") else data


def _duration(execution: JsonObject, result: JsonObject) -> float | None:
    milliseconds = result.get("duration_ms")
    if isinstance(milliseconds, int | float):
        return milliseconds / 1000
    began, ended = execution.get("started_at"), execution.get("finished_at")
    if not (began and ended):
        return None
    return (
        datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    ).total_seconds()
