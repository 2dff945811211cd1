"""How every command tells the shell what came of it."""

from enum import IntEnum

_OF_STATUS = {
    "completed": 0,
    "failed": 1,
    "cancelled": 3,
    "timeout": 4,
    "abandoned": 5,
}


class ExitCode(IntEnum):
    """The outcome of an execution, or why there is none."""

    COMPLETED = 0
    FAILED = 1  # the execution failed, or the server refused the request
    USAGE = 2  # the request cannot be meant: arguments, parameters, validation
    CANCELLED = 3
    TIMEOUT = 4
    ABANDONED = 5
    UNREACHABLE = 6  # no server answered
    INTERRUPTED = 130  # Ctrl-C; a followed execution goes on

    @classmethod
    def of_status(cls, status: str) -> "ExitCode":
        """Return the code of an execution's final status."""
        return cls(_OF_STATUS.get(status, cls.FAILED))


TERMINAL_STATUSES = frozenset(_OF_STATUS)
"""The statuses after which nothing about an execution changes."""
