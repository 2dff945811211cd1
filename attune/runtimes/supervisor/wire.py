"""What worker, supervisor and keepers say to each other.

Worker and supervisor exchange datagrams, worker and keeper frames on a stream: a
kind, a length, a body. An order travels on that stream and in no other way, so no
argument, variable or parameter is ever in a command line or in the supervisor.
"""

import socket
import struct

MOST_FILES = 4  # control, stdout, stderr, stdin
_FILE = struct.Struct("i")

# Datagrams, worker to supervisor; KEEP comes with the file descriptors.
KEEP = b"K"  # fork a keeper: control, stdout, stderr and maybe stdin
DESTROY = b"D"  # kill this keeper, which does not answer
# Datagrams, supervisor to worker.
READY = b"R"
UNFIT = b"U"  # the kernel lacks what is needed; the text says what
# Frames, worker to keeper.
AGAIN = b"N"  # to one that rests: an order follows; stdout, stderr and maybe stdin come along
ORDER = b"O"
TERMINATE = b"T"
LEASE = b"A"  # kill it after so many seconds, unless another lease comes before
# Frames, keeper to worker.
NOT_STARTED = b"E"  # the program could not be run; the text says why
EXITED = b"X"
LOST = b"L"  # sent by the supervisor when a keeper was killed

_HEADER = struct.Struct("!cI")
_NUMBER = struct.Struct("!cQ")
_ORDER = struct.Struct("!IIi")
_SECONDS = struct.Struct("!d")
_EXIT = struct.Struct("!iqI")


class Order:
    """One process to run."""

    __slots__ = ("argv", "cwd", "environment", "nice")

    def __init__(
        self, argv: list[bytes], cwd: bytes, environment: dict[bytes, bytes], nice: int
    ) -> None:
        self.argv = argv
        self.cwd = cwd
        self.environment = environment
        self.nice = nice

    def pack(self) -> bytes:
        """Write the order; its strings are those that the kernel takes, without NUL."""
        pairs = [name + b"=" + value for name, value in self.environment.items()]
        strings = b"\0".join([self.cwd, *self.argv, *pairs])
        return _ORDER.pack(len(self.argv), len(pairs), self.nice) + strings

    @classmethod
    def unpack(cls, body: bytes) -> "Order":
        """Read what `pack` wrote."""
        argument_count, _, nice = _ORDER.unpack_from(body)
        cwd, *rest = body[_ORDER.size :].split(b"\0")
        pairs = [pair.partition(b"=") for pair in rest[argument_count:]]
        environment = {name: value for name, _, value in pairs}
        return cls(rest[:argument_count], cwd, environment, nice)


class Frames:
    """Frames of a stream, as they become complete."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, received: bytes) -> None:
        """Add what was received."""
        self._pending += received

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the next kind and body, or None while it is incomplete."""
        if len(self._pending) < _HEADER.size:
            return None
        kind, length = _HEADER.unpack_from(self._pending)
        end = _HEADER.size + length
        if len(self._pending) < end:
            return None
        body, self._pending = self._pending[_HEADER.size : end], self._pending[end:]
        return kind, body


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """Write one frame."""
    return _HEADER.pack(kind, len(body)) + body


def numbered(kind: bytes, number: int) -> bytes:
    """Write a datagram that names a keeper."""
    return _NUMBER.pack(kind, number)


def read_numbered(datagram: bytes) -> tuple[bytes, int]:
    """Read what `numbered` wrote."""
    kind, number = _NUMBER.unpack(datagram)
    return kind, number


def pack_seconds(seconds: float) -> bytes:
    """Write a span: the one between SIGTERM and SIGKILL, or that of a lease."""
    return _SECONDS.pack(seconds)


def unpack_seconds(body: bytes) -> float:
    """Read what `pack_seconds` wrote."""
    seconds: float = _SECONDS.unpack(body)[0]
    return seconds


def pack_exit(code: int, duration_us: int, survivor_count: int) -> bytes:
    """Write how the process ended; a negative code is a signal."""
    return _EXIT.pack(code, duration_us, survivor_count)


def unpack_exit(body: bytes) -> tuple[int, int, int]:
    """Read what `pack_exit` wrote."""
    code, duration_us, survivor_count = _EXIT.unpack(body)
    return code, duration_us, survivor_count


def receive(line: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Receive bytes and the files that come with them, which no program may inherit.

    `socket.recv_fds` does the same and, up to Python 3.11 at least, drops the flag.
    """
    space = socket.CMSG_SPACE(MOST_FILES * _FILE.size)
    received, ancillary, _, _ = line.recvmsg(size, space, socket.MSG_CMSG_CLOEXEC)
    files = [
        file
        for _, kind, content in ancillary
        if kind == socket.SCM_RIGHTS
        for (file,) in _FILE.iter_unpack(content)
    ]
    return received, files
