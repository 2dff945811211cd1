"""The log of one part: a file that is rotated by size."""

from pathlib import Path

MAX_BYTES = 10_000_000
KEPT = 3


class LogFile:
    """Takes what a process prints; older files are `<name>.1` and so on."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        """Append; starts a new file at the end of a line once this one is full."""
        self._file.write(data)
        if self._file.tell() > self._max_bytes and data.endswith(b"\n"):
            self._rotate()

    def tail(self, line_count: int = 20) -> str:
        """Return the last lines."""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - 65_536))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-line_count:])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEPT - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.rename(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.rename(self.path.with_name(f"{self.path.name}.1"))
        self._file = self.path.open("ab", buffering=0)
