"""YAML 1.2 as plain JSON values, read event by event: no tags, no surprises, no bombs.

`no` and `on` are text, `010` is ten, a date is text; keys are text as they are written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, Protocol, cast

import yaml

from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.json import DEFAULT_LIMITS, Json, JsonLimits

_TAG: Final = "tag:yaml.org,2002:"
_INTEGER: Final = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z", re.ASCII)
_FLOAT: Final = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z", re.ASCII
)
_WORDS: Final[dict[str, Json]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class _Mark(Protocol):
    """A position, counted from 0; libyaml's class is not PyYAML's."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def parse_yaml(text: str, limits: JsonLimits = DEFAULT_LIMITS) -> Json:
    """Read one document; raises MalformedInput or InvalidInput with line and column."""
    builder = _Builder(limits)
    try:
        for event in _events(text):
            builder.take(event)
    except yaml.MarkedYAMLError as broken:
        problem = broken.problem or "it cannot be read"
        raise _wrong(problem, broken.problem_mark) from None
    except yaml.YAMLError:
        raise MalformedInput("not YAML: it has characters that YAML forbids") from None
    return builder.value


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_event():
            # There is one, as check_event() has just said.
            yield cast("yaml.Event", loader.get_event())
    finally:
        loader.dispose()


@dataclass(slots=True)
class _Open:
    """A list or mapping that is not complete yet."""

    value: list[Json] | dict[str, Json]
    anchor: str | None
    count_before: int
    key: str | None = None


@dataclass
class _Builder:
    limits: JsonLimits
    value: Json = None
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, tuple[Json, int]] = field(default_factory=dict)
    """Each anchored value and how many values it stands for."""
    _count: int = 0
    _documents: int = 0

    def take(self, event: yaml.Event) -> None:
        """Go on with the next event of the parser."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _refused(event, "there is more than one document")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end(event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise _refused(event, "an alias has no anchor before it")
        # An alias counts as all that it repeats, which is what defuses bombs.
        self._grow(known[1])
        self._place(event, known[0])

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._grow(1)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            top.key = _key(event, top.value)
            return
        value = _resolve(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._place(event, value)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", f"{_TAG}{'seq' if is_list else 'map'}"):
            raise _refused(event, "tags are not supported")
        if len(self._open) >= self.limits.depth:
            raise InvalidInput(f"nested deeper than {self.limits.depth} levels")
        self._check_key(event)
        self._open.append(_Open([] if is_list else {}, event.anchor, self._count))
        self._grow(1)

    def _end(self, event: yaml.CollectionEndEvent) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.value, self._count - done.count_before)
        self._place(event, done.value)

    def _grow(self, count: int) -> None:
        self._count += count
        # Keys are counted too; an object of the most elements has twice as many.
        if self._count > self.limits.elements * 2:
            raise InvalidInput(f"has more than {self.limits.elements} elements")

    def _check_key(self, event: yaml.Event) -> None:
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            raise _refused(event, "a key must be text")

    def _place(self, event: yaml.Event, value: Json) -> None:
        if not self._open:
            self.value = value
            return
        self._check_key(event)
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.key is not None:
            top.value[top.key] = value
            top.key = None


def _key(event: yaml.ScalarEvent, known: dict[str, Json]) -> str:
    key = str(event.value)
    if key == "<<" and event.implicit[0]:
        raise _refused(event, "merge keys are not supported")
    if key in known:
        raise _refused(event, "the same key twice")
    return key


def _resolve(event: yaml.ScalarEvent) -> Json:
    text = str(event.value)
    if event.tag not in (None, "!", f"{_TAG}str"):
        raise _refused(event, "tags are not supported")
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    try:
        return _number(text)
    except ValueError:
        raise _refused(event, "a number is too long") from None


def _number(text: str) -> Json:
    if _INTEGER.match(text):
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.match(text) and isfinite(number := float(text)):
        return number
    return text


def _refused(event: yaml.Event, problem: str) -> MalformedInput:
    return _wrong(problem, event.start_mark)


def _wrong(problem: str, mark: _Mark | None) -> MalformedInput:
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return MalformedInput(f"not YAML: {problem}{where}")
