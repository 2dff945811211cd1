"""Who descends from a process, and how to signal all of them."""

import io
import os


def children(pid: int) -> list[int]:
    """Return the children of a process; a racing exit may hide one for a moment."""
    return (_children_by_task if _HAS_CHILDREN_FILE else _children_by_scan)(pid)


def descendants(root: int) -> list[int]:
    """Return everything below `root`, parents before their children."""
    found: list[int] = []
    pending = [root]
    while pending:
        below = children(pending.pop())
        found += below
        pending += below
    return found


def signal_all(pids: list[int], number: int) -> None:
    """Signal each process that still exists and that we may signal."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _children_by_task(pid: int) -> list[int]:
    found: list[int] = []
    for task in _numbers(f"/proc/{pid}/task"):
        found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    return found


def _children_by_scan(pid: int) -> list[int]:
    return [each for each in _numbers("/proc") if _parent(each) == pid]


def _parent(pid: int) -> int | None:
    # The name in parentheses may itself hold spaces and parentheses.
    _, _, rest = _read(f"/proc/{pid}/stat").rpartition(b")")
    return int(rest.split()[1]) if rest else None


def _numbers(directory: str) -> list[int]:
    try:
        with os.scandir(directory) as entries:
            return [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return []


def _read(path: str) -> bytes:
    try:
        with io.FileIO(path) as file:
            return file.readall() or b""
    except OSError:
        return b""  # it ended meanwhile


_HAS_CHILDREN_FILE = os.access(f"/proc/self/task/{os.getpid()}/children", os.R_OK)
