"""Ctrl-C as one event: pressed again and again, it still ends a command once.

A second KeyboardInterrupt would hit the code that deals with the first, wherever that
happens to be, and show a person its stack.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _Interrupt:
    """A handler that raises when it is armed, and only once."""

    def __init__(self) -> None:
        self.armed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt


_interrupt = _Interrupt()


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Let the first Ctrl-C interrupt the block and ignore further ones for good."""
    before = signal.getsignal(signal.SIGINT)
    # Whoever ignores it or has a handler of their own knows why.
    if before is not signal.default_int_handler:
        yield
        return
    allow_interrupt()
    try:
        yield
    finally:
        if _interrupt.armed:
            signal.signal(signal.SIGINT, before)


def allow_interrupt() -> None:
    """Let one more Ctrl-C interrupt, after one that has been dealt with."""
    _interrupt.armed = True
    signal.signal(signal.SIGINT, _interrupt)


def ignore_interrupts() -> None:
    """Take no notice of Ctrl-C any more: the command is over."""
    # One that is on its way finds a handler that does nothing, before there is none.
    _interrupt.armed = False
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
