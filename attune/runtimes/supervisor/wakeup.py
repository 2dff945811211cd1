"""Signals as bytes on a pipe, so that a loop can wait for them beside its sockets."""

import os
import signal

PARENT_DIED = signal.SIGUSR1

# The worker decides when to end; a Ctrl-C or a stop of the whole group must not.
_NOTED = (
    signal.SIGCHLD,
    PARENT_DIED,
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
)
DEFAULTED = (*_NOTED, signal.SIGPIPE, signal.SIGXFSZ)
"""What a new program must find as the kernel left it: ours, and what Python ignores."""


class Wakeup:
    """The pipe on which the signals of this process arrive."""

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in _NOTED:
            signal.signal(number, _note)

    def parent_died(self) -> bool:
        """Empty the pipe, and tell whether the parent-death signal was in it."""
        try:
            return PARENT_DIED in os.read(self.reader, 4096)
        except BlockingIOError:
            return False

    def close(self) -> None:
        """Let go of the pipe; a forked child makes its own."""
        os.close(self.reader)
        os.close(self._writer)


def _note(number: int, frame: object) -> None:
    """Do nothing: the byte on the pipe is what counts."""
