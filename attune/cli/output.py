"""Printing answers: tables for people, JSON or YAML for programs.

Only the answer goes to standard output; everything said about it goes to standard
error, so that a pipe gets nothing but the answer.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from attune.cli.document import JsonObject, as_json, as_yaml, look_up
from attune.cli.options import OutputFormat

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_UNBOUNDED = 10_000
"""Width of a table that goes to a file or a pipe: nothing is cut."""

_NARROWEST = 12
"""A column that gives way keeps at least this many characters."""

_STYLES = {
    "completed": "green",
    "responded": "green",
    "processed": "green",
    "active": "green",
    "running": "cyan",
    "busy": "cyan",
    "failed": "red",
    "error": "red",
    "timeout": "red",
    "abandoned": "red",
    "offline": "red",
    "canceling": "yellow",
    "cancelled": "yellow",
    "cordoned": "yellow",
}


@dataclass(frozen=True)
class Column:
    """One column of a table, or one line of a description."""

    title: str
    value: str | Callable[[JsonObject], Any]
    """A dotted path into the document, or a function of it."""
    wide: bool = False
    """Gives way first when the terminal is narrow."""

    def of(self, document: JsonObject) -> Any:
        """Return this column's value in the document."""
        if callable(self.value):
            return self.value(document)
        return look_up(document, self.value)


class Output:
    """Prints in one format."""

    def __init__(self, output_format: OutputFormat) -> None:
        self.format = output_format

    @property
    def is_table(self) -> bool:
        """Tell whether a person reads along."""
        return self.format is OutputFormat.TABLE

    def rows(self, items: Iterable[JsonObject], columns: Sequence[Column]) -> None:
        """Print a list: a table, or the items as they are."""
        found = list(items)
        if not self.is_table:
            self.document(found)
        elif found:
            _print_table(found, columns)
        else:
            self.note("nothing found")

    def entity(self, document: JsonObject, fields: Sequence[Column]) -> None:
        """Print one thing: its fields one below the other, or the whole of it."""
        if self.is_table:
            _print_fields(document, fields)
        else:
            self.document(document)

    def document(self, value: object) -> None:
        """Print a value as it is; as JSON unless YAML was asked for."""
        text = as_yaml(value) if self.format is OutputFormat.YAML else as_json(value)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def done(self, message: str, document: object) -> None:
        """Say what was done, or print the thing that it was done to."""
        if self.is_table:
            sys.stdout.write(printable(message) + "\n")
            sys.stdout.flush()
        else:
            self.document(document)

    def note(self, message: str) -> None:
        """Say something that is not part of the answer."""
        typer.echo(printable(message), err=True)


def printable(text: str) -> str:
    """Replace what could steer the terminal; line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def brief(value: object) -> str:
    """Return a value as one short text for a table's cell."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return printable(", ".join(value))
    if isinstance(value, dict | list):
        return printable(" ".join(as_json(value).split()))
    return printable(_local_time(value) if isinstance(value, str) else str(value))


def _local_time(text: str) -> str:
    """Return a time of the API on the reader's clock, any other text unchanged."""
    if len(text) < len("2026-01-01T00:00:00") or text[10:11] != "T":
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at.tzinfo else text


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415 - JSON output has no use for it

    on_terminal = sys.stdout.isatty()
    return Console(
        width=None if on_terminal else _UNBOUNDED,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _cell(value: object) -> "Text":
    from rich.text import Text  # noqa: PLC0415 - JSON output has no use for it

    text = brief(value)
    return Text(text, style=_STYLES.get(text, ""))


def _print_table(items: list[JsonObject], columns: Sequence[Column]) -> None:
    from rich.table import Table  # noqa: PLC0415 - JSON output has no use for it

    console = _console()
    cells = [[_cell(column.of(item)) for column in columns] for item in items]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    room = _room_for_wide(console.width, columns, cells)
    for column in columns:
        table.add_column(
            column.title.upper(),
            no_wrap=column.wide,
            overflow="ellipsis" if column.wide else "fold",
            max_width=room if column.wide else None,
        )
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _room_for_wide(
    width: int, columns: Sequence[Column], cells: list[list["Text"]]
) -> int:
    """Return the width left for each column that may be cut."""
    for at, column in enumerate(columns):
        width -= 2
        if not column.wide:
            lengths = (row[at].cell_len for row in cells)
            width -= max(len(column.title), *lengths, 0)
    return max(width // max(1, sum(column.wide for column in columns)), _NARROWEST)


def _print_fields(document: JsonObject, fields: Sequence[Column]) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON output has no use for it

    console = _console()
    shown = [(field.title, field.of(document)) for field in fields]
    width = max(len(title) for title, _ in shown) + 2
    for title, value in shown:
        if value is None or value in ("", [], {}):
            continue
        label = Text(f"{title}:".ljust(width), style="bold")
        if isinstance(value, dict) or _has_structure(value):
            console.print(Text(f"{title}:", style="bold"))
            block = printable(as_yaml(value)).replace("\n", "\n  ")
            console.print(Text(f"  {block}"), soft_wrap=True)
        else:
            console.print(label + _cell(value), soft_wrap=True)


def _has_structure(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(e, dict | list) for e in value)
