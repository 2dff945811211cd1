"""Keepers that have brought an action to its end and rest until there is another."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attune.runtimes.supervisor import wire

MOST_AT_REST: Final = 8
"""Each is a process with a few megabytes of its own."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """The worker's line to one, and the number by which the supervisor knows it."""

    number: int
    line: socket.socket


class RestingKeepers:
    """Those that are alive and idle; the last one used is the first to be used again."""

    def __init__(self) -> None:
        self._resting: list[Keeper] = []

    def add(self, keeper: Keeper) -> None:
        """Let a keeper rest, or go where enough of them do."""
        if len(self._resting) < MOST_AT_REST:
            self._resting.append(keeper)
        else:
            keeper.line.close()

    def wake(self, files: Sequence[int]) -> Keeper | None:
        """Hand the streams of another action to one of them; None if there is none."""
        while self._resting:
            keeper = self._resting.pop()
            if _is_silent(keeper.line) and _has_taken(keeper.line, files):
                return keeper
            keeper.line.close()
        return None

    def dismiss(self) -> None:
        """Let all of them go; each ends when its line is closed."""
        while self._resting:
            self._resting.pop().line.close()


def _is_silent(line: socket.socket) -> bool:
    """Tell so of one that lives: the supervisor speaks up for one that was killed."""
    try:
        line.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _has_taken(line: socket.socket, files: Sequence[int]) -> bool:
    try:
        socket.send_fds(line, [wire.frame(wire.AGAIN)], list(files))
    except OSError:
        return False
    return True
