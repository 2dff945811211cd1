"""Which process runs which tests, so that the processors are busy all the time.

Tests on a whole stack mostly wait, and tests of parts mostly compute. Every other process
begins with the first kind and the rest with the second; then they help each other.
"""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

WHOLE = frozenset({"tests/e2e", "tests/faults", "tests/sdk"})
"""Folders whose tests run on a whole stack; those of a folder share one."""

OWN_STACK = frozenset(
    {
        "tests/e2e/test_demo.py",
        "tests/e2e/test_leaks.py",
        "tests/e2e/test_tutorial.py",
        "tests/e2e/test_up.py",
    }
)
"""Files in there that start stacks of their own, and so may run anywhere."""


class Distribution(LoadScopeScheduling):  # type: ignore[misc]  # has no types
    """Gives what shares a stack to one process, and everything else file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        wants_whole = _begins_with_whole(node)
        first = (each for each in self.workqueue if is_whole(each) == wants_whole)
        if scope := next(first, None):
            self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)


def scope_of(nodeid: str) -> str:
    """Return what has to run in the same process as this test."""
    file = nodeid.partition("::")[0]
    folder = str(PurePosixPath(file).parent)
    return folder if folder in WHOLE and file not in OWN_STACK else file


def is_whole(scope: str) -> bool:
    """Tell whether such tests run on a whole stack."""
    return scope in WHOLE | OWN_STACK


def _begins_with_whole(node: WorkerController) -> bool:
    return int(node.gateway.id.removeprefix("gw")) % 2 == 0
