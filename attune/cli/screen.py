"""What a person sees of an execution that is followed."""

import shutil
import sys
import time
from typing import IO

import typer

from attune.cli.document import JsonObject
from attune.cli.exit_code import TERMINAL_STATUSES
from attune.cli.output import printable
from attune.cli.progress import Progress

_ERASE_LINE = "\r\x1b[K"
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ASCII_FRAMES = "|/-\\"
_FRAME_SECONDS = 0.1
_MOST_SHOWN = 100_000


class QuietScreen:
    """Says nothing but what concerns the connection."""

    shown = ""
    """The end of what went to standard output."""

    def status(self, execution: JsonObject) -> None:
        """Show nothing."""

    def output(self, stream: str, text: str) -> None:
        """Show nothing."""

    def progress(self, progress: Progress) -> None:
        """Show nothing."""

    def note(self, text: str) -> None:
        """Print the note on standard error."""
        typer.echo(text, err=True)

    def tick(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class OutputScreen(QuietScreen):
    """Passes the output on, or collects it in `into`, and says nothing else."""

    def __init__(self, into: dict[str, str] | None = None) -> None:
        self._into = into

    def output(self, stream: str, text: str) -> None:
        """Write the text to our stream of the same name, or keep it."""
        if self._into is None:
            write_output(stream, text)
        else:
            self._into[stream] += text


class PlainScreen(QuietScreen):
    """Prints a line per change of status; output goes where the action sent it."""

    def __init__(self) -> None:
        self._status = ""
        self._question = ""

    def status(self, execution: JsonObject) -> None:
        """Print the status when it is another than before; the end is reported apart."""
        status = execution["status"]
        if status != self._status and status not in TERMINAL_STATUSES:
            self.note(f"execution {execution['id']} {status}")
        self._status = status
        self._question = announce_question(self, self._question, execution)

    def progress(self, progress: Progress) -> None:
        """Print how far it has come."""
        self.note(str(progress))

    def output(self, stream: str, text: str) -> None:
        """Write the text to our stream of the same name."""
        write_output(stream, text)
        if stream == "stdout":
            self.shown = (self.shown + text)[-_MOST_SHOWN:]


class TerminalScreen(QuietScreen):
    """Keeps one moving line below the output; used when standard error is a terminal."""

    def __init__(self) -> None:
        self._label = ""
        self._progress = ""
        self._question = ""
        self._began = time.monotonic()
        self._drawn = False
        self._at_line_start = True

    def status(self, execution: JsonObject) -> None:
        """Change the words of the moving line."""
        self._label = (
            f"execution {execution['id']} · {execution['action_ref']} · "
            f"{execution['status']}"
        )
        self._question = announce_question(self, self._question, execution)
        self.tick()

    def progress(self, progress: Progress) -> None:
        """Put a bar into the moving line."""
        self._progress = f" · {progress.bar(ascii_only=_frames() is _ASCII_FRAMES)}"
        self.tick()

    def output(self, stream: str, text: str) -> None:
        """Write the text above the moving line."""
        if not text:
            return
        self._erase()
        write_output(stream, text)
        if _file(stream).isatty():
            self._at_line_start = text.endswith("\n")
        if stream == "stdout":
            self.shown = (self.shown + text)[-_MOST_SHOWN:]

    def note(self, text: str) -> None:
        """Print the note above the moving line."""
        self._erase()
        super().note(text)

    def tick(self) -> None:
        """Draw the moving line, unless it would destroy an unfinished line of output."""
        if not self._at_line_start:
            return
        elapsed = time.monotonic() - self._began
        frames = _frames()
        frame = frames[int(elapsed / _FRAME_SECONDS) % len(frames)]
        line = f"{frame} {self._label} · {elapsed:.0f} s{self._progress}"
        # A line that wraps could not be taken away again.
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(_ERASE_LINE + line[:width])
        sys.stderr.flush()
        self._drawn = True

    def close(self) -> None:
        """Take the moving line away and end an unfinished line of output."""
        self._erase()
        if not self._at_line_start:
            sys.stderr.write("\n")
            self.shown += "\n"

    def _erase(self) -> None:
        if self._drawn:
            sys.stderr.write(_ERASE_LINE)
            sys.stderr.flush()
            self._drawn = False


def announce_question(screen: QuietScreen, known: str, execution: JsonObject) -> str:
    """Say once how to answer what the execution waits for; return what is known then."""
    waiting = execution.get("waiting_for") or {}
    if waiting.get("kind") != "inquiry":
        return known
    line = f"{waiting['message']}: `attune inquiry respond {waiting['inquiry']}`"
    if line != known:
        screen.note(printable(line))
    return line


def write_output(stream: str, text: str) -> None:
    """Write what an action printed to our stream of the same name."""
    file = _file(stream)
    file.write(text)
    file.flush()


def _file(stream: str) -> IO[str]:
    return sys.stderr if stream == "stderr" else sys.stdout


def _frames() -> str:
    encoding = (sys.stderr.encoding or "").lower().replace("-", "")
    return _FRAMES if encoding == "utf8" else _ASCII_FRAMES
