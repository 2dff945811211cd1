"""Everything that is wrong with a pack, collected, each with its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import TracebackType

from pydantic import AliasChoices, ValidationError

from attune.domain.errors import InvalidInput
from attune.domain.json import format_place
from attune.packs.manifest import Document

MOST = 200
TYPING_ERROR = 0.8
"""How alike an unknown key must be to a known one to be taken for a slip."""


@dataclass
class Problems:
    """What is wrong, and what merely looks wrong."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def collecting(self, source: str) -> "_Collecting":
        """Note what is refused inside, with the file it stands in, and go on."""
        return _Collecting(self, source)

    def add(self, source: str, problem: str) -> None:
        """Note a problem of this file."""
        self.errors.append(f"{source}: {problem}")

    def warn_of_slips(
        self, source: str, kind: type[Document], document: Mapping[str, object]
    ) -> None:
        """Note the keys that nobody reads and that look like one that is read."""
        known = spellings(kind)
        for key in document.keys() - known:
            close = get_close_matches(key, known, n=1, cutoff=TYPING_ERROR)
            if close:
                self.warnings.append(
                    f"{source}: {key}: is not read; did you mean {close[0]}?"
                )

    def raise_if_any(self, pack_ref: str) -> None:
        """Refuse the pack when anything is wrong with it."""
        if not self.errors:
            return
        listed = self.errors[:MOST]
        more = len(self.errors) - len(listed)
        if more:
            listed.append(f"and {more} more")
        raise InvalidInput(
            f"Pack {pack_ref} cannot be installed: {listed[0]}", problems=listed
        )


@dataclass(frozen=True)
class _Collecting:
    """A class and no generator, so that checkers see that it swallows."""

    problems: Problems
    source: str

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        refused: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if isinstance(refused, ValidationError):
            for problem in _described(refused):
                self.problems.add(self.source, problem)
            return True
        if isinstance(refused, InvalidInput):
            for problem in refused.problems or [refused.message]:
                self.problems.add(self.source, problem)
            return True
        return False


def _described(invalid: ValidationError) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_input=False):
        place = format_place(error["loc"])
        reason = error["msg"].removeprefix("Value error, ")
        yield f"{place}: {reason}" if place else reason


def spellings(kind: type[Document]) -> set[str]:
    """Return every key that a document of this kind may have."""
    known = {"name", "label", "action", "threshold", "method", "parameters"}
    for name, each in kind.model_fields.items():
        known.add(name)
        if isinstance(each.validation_alias, AliasChoices):
            known |= {str(choice) for choice in each.validation_alias.choices}
    return known
