"""Which ports the stack listens on."""

import errno
import socket
from contextlib import closing
from dataclasses import dataclass

import psutil

from attune.domain.errors import Unavailable

API_PORT = 8080
TEMPORAL_PORT = 7233
TEMPORAL_UI_PORT = 8233


@dataclass(frozen=True)
class Ports:
    """A port for each part that has one; 0 means any free one."""

    api: int = API_PORT
    temporal: int = TEMPORAL_PORT
    temporal_ui: int = TEMPORAL_UI_PORT

    def settled(self, host: str) -> "Ports":
        """Return real ports, all free right now; raises Unavailable that names a taken one."""
        free = _free_ports(3)
        return Ports(
            api=self._settle(self.api, free[0], host, "--port"),
            temporal=self._settle(self.temporal, free[1], "127.0.0.1", "--ports auto"),
            temporal_ui=self._settle(
                self.temporal_ui, free[2], "127.0.0.1", "--ports auto"
            ),
        )

    @staticmethod
    def _settle(wanted: int, free: int, host: str, option: str) -> int:
        if not wanted:
            return free
        try:
            _try_to_listen(host, wanted)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                problem = f"cannot listen on {host} port {wanted}: {error.strerror}"
                raise Unavailable(problem) from error
            raise Unavailable(
                f"port {wanted} is taken{_holder(wanted)}; "
                f"stop what listens there or choose another with {option}"
            ) from error
        return wanted


AUTOMATIC = Ports(0, 0, 0)


def _free_ports(count: int) -> list[int]:
    # Held open together, so that no port is handed out twice.
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _try_to_listen(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr[1:] == (port,) and connection.pid:
                name = psutil.Process(connection.pid).name()
                return f" by {name} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
