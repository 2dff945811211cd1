"""What one socket may ask for, and how often."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

BURST: Final = 10
"""Seconds' worth of messages that may come at once, as after connecting."""


@dataclass(frozen=True, kw_only=True)
class SocketLimits:
    """The published limits of a socket."""

    subscriptions: int = 100
    messages_per_second: float = 20
    send_timeout_seconds: float = 10
    check_seconds: float = 15
    allowed_origins: Collection[str] = field(default_factory=tuple)


class Pace:
    """Lets so many messages through a second, and some more at once after a rest."""

    def __init__(
        self, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._most = per_second * BURST
        self._left = self._most
        self._clock = clock
        self._at = clock()

    def allows(self) -> bool:
        """Count one message, and tell whether it still keeps the pace."""
        now = self._clock()
        earned = (now - self._at) * self._per_second
        self._left, self._at = min(self._most, self._left + earned), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
