"""What a process remembers of definitions, and forgets when one of them changes."""

from typing import Protocol


class Remembering(Protocol):
    """Something read from definitions and kept."""

    def forget(self) -> None:
        """Read everything anew."""


class Definitions:
    """Everything of one process that has to hear of changed definitions.

    A change made here takes effect here before it is answered; other processes hear of
    it, and of changes made by plain SQL, through a channel message.
    """

    def __init__(self, *remembering: Remembering) -> None:
        self._remembering = remembering

    def forget(self) -> None:
        """Let everything be read anew; called after the commit of a change."""
        for each in self._remembering:
            each.forget()
