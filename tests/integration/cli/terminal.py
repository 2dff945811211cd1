"""A command line on a terminal of its own, as a person has one."""

import os
import re
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_ON_A_TERMINAL = (
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
)
COLUMNS = 90
_FINGER_SECONDS = 0.3
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs `attune` where standard input, output and error are one terminal."""

    def __init__(self, home: Path, url: str, *arguments: str) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ATTUNE_HOME": str(home),
            "ATTUNE_API_URL": url,
            "TERM": "xterm",
            "COLUMNS": str(COLUMNS),
            "LANG": "C.UTF-8",
        }
        attune = [sys.executable, "-m", "attune", *arguments]
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _ON_A_TERMINAL, *attune],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=Path(__file__).parents[3],
        )
        self.shown = ""
        self._seen = 0

    def read_on(self, text: str) -> None:
        """Wait until the text is on the screen after what was waited for before."""
        deadline = time.monotonic() + 20
        while (found := self.shown.find(text, self._seen)) < 0:
            assert self._read(deadline - time.monotonic()), self.shown
        self._seen = found + len(text)

    def read_until(self, text: str, seconds: float = 20) -> None:
        """Wait until the text is on the screen."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            assert self._read(deadline - time.monotonic()), self.shown

    def type(self, keys: str) -> None:
        """Press keys; Ctrl-C is \\x03."""
        assert self._process.stdin is not None
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    def end(self, seconds: float = 20) -> int:
        """Wait for the end of the command and return its exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline - time.monotonic()):
            pass
        return self._process.wait(timeout=5)

    def type_until_end(self, keys: str, seconds: float = 20) -> int:
        """Press the keys again and again until the command ends.

        A signal between Python's look for signals and its reading of the terminal is
        only noticed with the next key; nobody presses keys as fast as a machine.
        """
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            with suppress(BrokenPipeError):
                self.type(keys)
            pause = time.monotonic() + _FINGER_SECONDS
            while self._read(pause - time.monotonic()):
                pass
        return self._process.returncode

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process.poll() is None:
            self._process.kill()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=5)

    def _read(self, seconds: float) -> bool:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], max(seconds, 0))
        chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
        self.shown += _CONTROLS.sub("", chunk.decode("utf-8", "replace"))
        return bool(chunk)
