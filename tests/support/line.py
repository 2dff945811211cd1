"""A line to PostgreSQL that can fall silent or be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url


class Line:
    """Forwards bytes between clients and the server while it is up."""

    def __init__(self, server_url: str) -> None:
        self._server = make_url(server_url)
        self._carrying = asyncio.Event()
        self._carrying.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """The database's URL by way of this line."""
        url = self._server.set(host="127.0.0.1", port=self._port, query={})
        return url.render_as_string(hide_password=False)

    def freeze(self) -> None:
        """Carry nothing more, without telling either side."""
        self._carrying.clear()

    def thaw(self) -> None:
        """Carry again, also what was held back."""
        self._carrying.set()

    def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one connection until either side ends it."""
        with suppress(OSError, asyncio.CancelledError):
            server_reader, server_writer = await self._connect()
            self._writers |= {writer, server_writer}
            await asyncio.gather(
                self._carry(reader, server_writer), self._carry(server_reader, writer)
            )

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = str(self._server.query.get("host") or self._server.host or "127.0.0.1")
        port = self._server.port or int(str(self._server.query.get("port", 5432)))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(Path(host) / f".s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(65_536):
            await self._carrying.wait()
            writer.write(piece)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def line_to(server_url: str) -> AsyncIterator[Line]:
    """Open a line on a free port."""
    line = Line(server_url)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line._port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        line.thaw()
        server.close()
        line.cut()
