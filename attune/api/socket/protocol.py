"""The server's side of a socket, which lets go of a reader that does not read."""

from uvicorn.protocols.websockets.websockets_sansio_impl import (
    WebSocketsSansIOProtocol,
)


class SocketProtocol(WebSocketsSansIOProtocol):
    """Closes at once where closing in order would wait for the reader for ever."""

    def handle_parser_exception(self) -> None:
        """Hang up on a request that cannot be read, as on one that began well."""
        if self.handshake_initiated:
            super().handle_parser_exception()
        else:
            self.transport.close()

    async def run_asgi(self) -> None:
        """Serve, and drop what the other side has not taken by the end."""
        await super().run_asgi()
        if not self.writable.is_set():
            self.transport.abort()
