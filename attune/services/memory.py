"""What was read lately, kept for seconds and dropped when it may have changed."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

REMEMBER_SECONDS: Final = 10.0
"""How long a lost notification can keep an old value alive."""

REMEMBERED: Final = 10_000


class Memory(Generic[T]):
    """Values by key; each is read anew after some seconds, and all after `forget`."""

    def __init__(
        self,
        seconds: float = REMEMBER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()
        self._change_count = 0

    async def recall(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return the value, which `read` gets when it is not known."""
        entry = self._entries.get(key)
        if entry is not None and entry[0] > self._clock():
            return entry[1]
        seen = self._change_count
        value = await read()
        # Something that changed while it was read may have been read before it changed.
        if seen == self._change_count:
            self._entries[key] = (self._clock() + self._seconds, value)
            self._entries.move_to_end(key)
            if len(self._entries) > REMEMBERED:
                self._entries.popitem(last=False)
        return value

    def forget(self) -> None:
        """Read everything anew."""
        self._entries.clear()
        self._change_count += 1
