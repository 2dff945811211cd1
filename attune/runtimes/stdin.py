"""Give a process its standard input without ever waiting for it to read."""

import asyncio
import os
from typing import Self


class StdinPipe:
    """A pipe that is filled as fast as the process empties it, then closed."""

    def __init__(self, content: bytes) -> None:
        self._rest = memoryview(content)
        self.reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._loop = asyncio.get_running_loop()
        self._open = True

    @classmethod
    def holding(cls, content: bytes | None) -> Self | None:
        """Return a pipe that begins with `content`; None when there is none."""
        return cls(content) if content else None

    def begin(self) -> None:
        """Write what fits, and the rest when there is room."""
        self._write()
        if self._open:
            self._loop.add_writer(self._writer, self._write)

    def close(self) -> None:
        """Stop writing; harmless when all was written."""
        if self._open:
            self._open = False
            self._loop.remove_writer(self._writer)
            os.close(self._writer)

    def _write(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[os.write(self._writer, self._rest) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            pass  # the process closed its input, as it may
        self.close()
