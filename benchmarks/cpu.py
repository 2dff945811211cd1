"""CPU seconds of the parts of the stack, their children included."""

from collections.abc import Mapping

import psutil


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Return what each process and its living descendants have used so far."""
    return {name: _used(pid) for name, pid in pids.items()}


def spent(
    before: Mapping[str, float], after: Mapping[str, float], items: int
) -> dict[str, float]:
    """Return milliseconds of CPU for each item."""
    return {
        name: round(1000 * (after[name] - before[name]) / items, 2) for name in after
    }


def _used(pid: int) -> float:
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        # What ended children used counts for the parent that waited for them.
        total += times.user + times.system
        total += times.children_user + times.children_system
    return total
