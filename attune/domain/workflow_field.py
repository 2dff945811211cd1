"""Reads the single fields of a workflow definition, and notes what is wrong."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, TypeVar

from attune.domain.expression_operator import is_number
from attune.domain.expression_value import type_name
from attune.domain.functions import TRANSITION_FUNCTIONS
from attune.domain.json import Json, JsonObject
from attune.domain.ref import MAX_LENGTH
from attune.domain.template import is_template
from attune.domain.workflow_task import Amount, Bounds, Publication
from attune.domain.workflow_template import Compiling, Place, Templated

MOST_COMPARED: Final = 200

_Choice = TypeVar("_Choice", bound=StrEnum)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint at the name that comes closest, or nothing."""
    if len(known) > MOST_COMPARED:
        # A document may have a thousand wrong names, and compare each with as many.
        return ""
    close = get_close_matches(name[:MAX_LENGTH], known, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


class Fields(Compiling):
    """Reads fields of one definition; null is as good as nothing everywhere."""

    def object(self, value: Json, place: Place) -> JsonObject:
        """Return an object, an empty one if it is none."""
        if isinstance(value, dict):
            return value
        if value is not None:
            self.add(place, f"must be an object, not {type_name(value)}")
        return {}

    def listed(self, value: Json, place: Place) -> list[tuple[Place, Json]]:
        """Return the elements of a list, or the only one, with their places."""
        if isinstance(value, list):
            return [((*place, at), item) for at, item in enumerate(value)]
        return [] if value is None else [(place, value)]

    def name(self, value: Json, place: Place) -> str | None:
        """Return a name of a task or a variable."""
        if not isinstance(value, str) or not value.strip():
            self.add(place, "must be a name")
        elif len(value) > MAX_LENGTH or not value.isprintable():
            self.add(place, f"must have 1 to {MAX_LENGTH} visible characters")
        else:
            return value
        return None

    def names(self, value: Json, place: Place) -> tuple[str, ...]:
        """Return one name or a list of names, each once."""
        found = (self.name(item, at) for at, item in self.listed(value, place))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def choice(
        self, value: Json, place: Place, choices: type[_Choice], default: _Choice
    ) -> _Choice:
        """Return one of a closed set of words."""
        if value is None:
            return default
        words = [each.value for each in choices]
        if value not in words:
            self.add(place, f"must be one of {', '.join(words)}")
            return default
        return choices(value)

    def templates(self, value: Json, place: Place) -> Mapping[str, Templated]:
        """Return an object of values with templates in them."""
        return {
            name: self.value(item, (*place, name))
            for name, item in self.object(value, place).items()
        }

    def amount(self, value: Json, place: Place, bounds: Bounds) -> Amount | None:
        """Return a number, or a template that will give one."""
        if isinstance(value, str) and is_template(value):
            return Amount(place, bounds, self.value(value, place))
        if value is None:
            return None
        problem = bounds.problem(value)
        if problem is None and is_number(value):
            return Amount(place, bounds, value)
        self.add(place, problem or "must be a number")
        return None

    def publications(self, value: Json, place: Place) -> tuple[Publication, ...]:
        """Return what is published: maps of templates, or bare names."""
        found: list[Publication] = []
        for at, item in self.listed(value, place):
            if isinstance(item, dict):
                found += self._published(item, at)
            elif name := self.name(item, at):
                found.append(Publication(name=name, value=None))
        return tuple(found)

    def _published(self, item: JsonObject, place: Place) -> list[Publication]:
        return [
            Publication(
                name=name, value=self.value(value, (*place, name), TRANSITION_FUNCTIONS)
            )
            for name, value in item.items()
        ]
