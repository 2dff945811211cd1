"""What the API listens on."""

import socket

import uvicorn

from attune.cli.server import STALLED_SECONDS, _sockets
from attune.config import Settings
from attune.config_groups import NotifierSettings, ServerSettings


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


def test_notifier_may_have_a_port_of_its_own() -> None:
    ports = [free_port(), free_port()]
    settings = Settings(
        server=ServerSettings(port=ports[0]), notifier=NotifierSettings(port=ports[1])
    )

    bound = _sockets(settings, uvicorn.Config("app", host="127.0.0.1"))

    try:
        assert [each.getsockname()[1] for each in bound] == ports
    finally:
        for each in bound:
            each.close()


def test_reader_that_stalls_is_dropped_by_the_kernel() -> None:
    settings = Settings(server=ServerSettings(port=free_port()))
    [bound] = _sockets(settings, uvicorn.Config("app", host="127.0.0.1"))

    with bound:
        bound.listen()
        with socket.create_connection(bound.getsockname()):
            accepted, _ = bound.accept()
            with accepted:
                limit = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    assert limit == STALLED_SECONDS * 1000
