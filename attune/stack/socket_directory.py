"""Where the server's socket is: beside its data, unless the path is too long for one."""

import hashlib
import tempfile
from pathlib import Path

PORT = 5432
"""Only a part of the socket's name; nothing listens on the network."""

# Linux allows 107 bytes and macOS 103; the name of the lock file is longer still.
LONGEST_PATH = 103


def choose_socket_directory(directory: Path) -> Path:
    """Return a directory whose socket has a path that the system accepts.

    A comma separates directories in PostgreSQL's setting, so none may be in the path.
    """
    beside = directory / "socket"
    path = str(beside / f".s.PGSQL.{PORT}.lock")
    if len(path.encode()) <= LONGEST_PATH and "," not in path:
        return beside
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"attune-{digest}"
