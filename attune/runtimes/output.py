"""What a process wrote: kept up to a limit, masked, and streamed while it runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from attune.domain.errors import AttuneError
from attune.runtimes.masking import Masking
from attune.runtimes.stream import Stream

logger = logging.getLogger(__name__)

DEFAULT_LIMIT = 10_000_000
BATCH_SECONDS = 0.2
BATCH_SIZE = 65536
LARGEST_BATCH_SIZE = 1_000_000
LAST_CALL_SECONDS = 2.0

Sink = Callable[[Stream, int, bytes], Awaitable[None]]
"""Takes (stream, offset, content) while the process runs.

A slow sink only delays the stream. One that raises an AttuneError is offered the same
content again. What it has not taken when the process ends belongs to the outcome.
"""


@dataclass(frozen=True, slots=True)
class Captured:
    """One stream of a process that has ended."""

    content: bytes = field(default=b"", repr=False)
    """What is kept, with the notice at its end when something was dropped."""
    dropped_bytes: int = 0
    streamed_bytes: int = 0
    """How much of `content` the sink has taken; the rest it has not seen."""

    @property
    def truncated(self) -> bool:
        """Whether the process wrote more than is kept."""
        return self.dropped_bytes > 0

    @property
    def unstreamed(self) -> bytes:
        """What the sink has not taken."""
        return self.content[self.streamed_bytes :]


class OutputCapture:
    """Takes both streams of a process as they come and never makes it wait."""

    def __init__(
        self,
        sink: Sink | None = None,
        masking: Masking | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        mask = masking or Masking([])
        self._kept = {stream: _Kept(stream, limit, mask) for stream in Stream}
        self._sink = sink
        self._grown = asyncio.Event()
        self._plenty = asyncio.Event()
        self._ended = False
        self._streaming: asyncio.Task[None] | None = None

    def take(self, stream: Stream, chunk: bytes) -> None:
        """Keep what fits; an `OnOutput`."""
        kept = self._kept[stream]
        kept.take(chunk)
        if self._sink is None or not kept.pending:
            return
        if self._streaming is None:
            self._streaming = asyncio.create_task(self._stream(self._sink))
        self._grown.set()
        if kept.pending >= BATCH_SIZE:
            self._plenty.set()

    @property
    def seen_any(self) -> bool:
        """Whether the process has written anything yet."""
        return any(kept.size for kept in self._kept.values())

    async def finish(self) -> dict[Stream, Captured]:
        """Return what was kept, after a sink in mid-call had a last moment.

        May be asked again, and answers the same.
        """
        for kept in self._kept.values():
            kept.finish()
        await self._end_streaming()
        return {stream: kept.captured() for stream, kept in self._kept.items()}

    async def _stream(self, sink: Sink) -> None:
        while not self._ended:
            await self._grown.wait()
            self._grown.clear()
            await self._until_worthwhile()
            for kept in self._kept.values():
                if not self._ended:
                    await kept.hand_to(sink)
            if any(kept.pending for kept in self._kept.values()):
                self._grown.set()

    async def _until_worthwhile(self) -> None:
        """Wait for much, or for a moment, so that a short process costs no call."""
        with suppress(TimeoutError):
            async with asyncio.timeout(BATCH_SECONDS):
                await self._plenty.wait()
        self._plenty.clear()

    async def _end_streaming(self) -> None:
        self._ended = True
        self._grown.set()
        self._plenty.set()
        if self._streaming is None:
            return
        done, _ = await asyncio.wait({self._streaming}, timeout=LAST_CALL_SECONDS)
        if done:
            self._streaming.result()
            return
        self._streaming.cancel()
        with suppress(asyncio.CancelledError):
            await self._streaming


class _Kept:
    """The beginning of one stream."""

    def __init__(self, stream: Stream, limit: int, masking: Masking) -> None:
        self._stream = stream
        self._limit = limit
        self._masked = masking.open()
        self._content = bytearray()
        self._streamed = 0
        self._dropped = 0
        self._finished = False

    @property
    def size(self) -> int:
        return len(self._content)

    @property
    def pending(self) -> int:
        return len(self._content) - self._streamed

    def take(self, chunk: bytes) -> None:
        if len(self._content) >= self._limit:
            self._dropped += len(chunk)
        else:
            self._keep(self._masked.feed(chunk))

    def finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        self._keep(self._masked.finish())
        if self._dropped:
            self._content += notice(self._stream)

    def captured(self) -> Captured:
        return Captured(bytes(self._content), self._dropped, self._streamed)

    async def hand_to(self, sink: Sink) -> None:
        start = self._streamed
        batch = bytes(self._content[start : start + LARGEST_BATCH_SIZE])
        if not batch:
            return
        try:
            await sink(self._stream, start, batch)
        except AttuneError as error:
            logger.warning("output not taken", extra={"reason": error.message})
        else:
            self._streamed += len(batch)

    def _keep(self, content: bytes) -> None:
        room = self._limit - len(self._content)
        self._content += content[:room]
        self._dropped += max(0, len(content) - room)


def notice(stream: Stream) -> bytes:
    """Return what ends a stream of which something was dropped."""
    return f"\n[OUTPUT TRUNCATED: {stream} exceeded size limit]\n".encode()
