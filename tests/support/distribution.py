"""Which process runs which tests, so that the processors are busy all the time.

Tests on a whole stack mostly wait, and tests of parts mostly compute. Every other process
begins with the first kind and the rest with the second; then they help each other.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

STACKS = (
    "tests/faults",
    "tests/e2e",
    "tests/e2e/test_up.py",
    "tests/e2e/test_sensor.py",
    "tests/sdk",
    "tests/e2e/test_tutorial.py",
    "tests/e2e/test_demo.py",
    "tests/e2e/test_leaks.py",
)
"""Folders whose tests share a stack, and files that start their own; longest first."""

APART = {"tests/integration/api/test_document.py"}
"""Files whose tests are long and share nothing: each test may run in another process."""


class Distribution(LoadScopeScheduling):  # type: ignore[misc]  # has no types
    """Gives what shares a stack to one process, and everything else file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        stacks = [each for each in STACKS if each in self.workqueue]
        parts = [each for each in self.workqueue if each not in STACKS]
        order = stacks + parts if _begins_with_stacks(node) else parts + stacks
        self.workqueue.move_to_end(order[0], last=False)
        super()._assign_work_unit(node)


def scope_of(nodeid: str) -> str:
    """Return what has to run in the same process as this test."""
    file = nodeid.partition("::")[0]
    if file in APART:
        return nodeid
    folder = str(PurePosixPath(file).parent)
    return folder if folder in STACKS and file not in STACKS else file


def _begins_with_stacks(node: WorkerController) -> bool:
    return int(node.gateway.id.removeprefix("gw")) % 2 == 0
