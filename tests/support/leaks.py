"""Looking for secrets where none may be: bytes, files, tables, processes, histories."""

import base64
import html
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

import asyncpg
import psutil
import re2
from temporalio.client import Client, WorkflowExecution

Hits = dict[str, list[str]]
"""Where something was found, and the names of what was found there."""


WINDOW: Final = 12
"""So much of a secret tells it; less is met by chance among ids, hashes and tokens."""

_MEMORY: Final = 1 << 28


class Canaries:
    """Values that occur nowhere else, by name, in every spelling and cut anywhere."""

    def __init__(self, values: Mapping[str, str], *, cut: bool = False) -> None:
        self._names = {
            form: f"{name}, cut"
            for name, text in values.items()
            for form in (pieces(text) if cut else ())
        }
        self._names |= {
            form: name for name, text in values.items() for form in spellings(text)
        }
        forms = sorted(self._names, key=len, reverse=True)
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes as they are
        options.max_mem = _MEMORY
        self._pattern = re2.compile(b"|".join(map(re2.escape, forms)), options)

    def found_in(self, content: bytes) -> list[str]:
        """Return the names of those that are in there."""
        matches = self._pattern.finditer(content)
        return sorted({self._names[match.group()] for match in matches})

    def among(self, contents: Iterable[tuple[str, bytes]]) -> Hits:
        """Return what is in which of the named contents."""
        found = ((place, self.found_in(content)) for place, content in contents)
        return {place: names for place, names in found if names}


def pieces(text: str) -> set[bytes]:
    """Return everything of this length that may be left of a value that was cut."""
    raw = text.encode()
    return {raw[at : at + WINDOW] for at in range(len(raw) - WINDOW + 1)}


def spellings(text: str) -> set[bytes]:
    """Return how a value may look: escaped, encoded, in wide characters, backwards."""
    raw, quoted = text.encode(), quote(text, safe="")
    lower = re.sub("%..", lambda match: match[0].lower(), quoted)
    escaped = (
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        html.escape(text),
        html.escape(text).replace("&#x27;", "&#39;"),
        quoted,
        quote(text),
        quote_plus(text),
        lower,
        text[::-1],
    )
    wide = {text.encode(f"utf-16-{order}") for order in ("le", "be")}
    hexadecimal = {raw.hex().encode(), raw.hex().upper().encode()}
    encoded = {each.encode() for each in escaped}
    return {raw} | encoded | wide | hexadecimal | set(_in_base64(raw))


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield what stays the same whatever stands before and behind the value."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        first = (8 * shift + 5) // 6
        last = len(raw) + shift
        core = encoded[first : last * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


def files_below(*roots: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every regular file with its content, as far as it stays there."""
    for root in roots:
        for path in root.rglob("*"):
            try:
                if path.is_file() and not path.is_symlink():
                    yield str(path), path.read_bytes()
            except FileNotFoundError:
                continue


async def tables(connection: asyncpg.Connection) -> list[tuple[str, bytes]]:
    """Return every column of ours as text, named `table.column`; bytes as they are."""
    columns = await connection.fetch(
        "SELECT table_name, column_name, data_type = 'bytea' AS is_raw"
        " FROM information_schema.columns WHERE table_schema = 'attune'"
    )
    return [
        (f"{table}.{column}", await _column(connection, table, column, is_raw=is_raw))
        for table, column, is_raw in columns
    ]


async def _column(
    connection: asyncpg.Connection, table: str, column: str, *, is_raw: bool
) -> bytes:
    kind = "bytea" if is_raw else "text"
    query = f'SELECT string_agg("{column}"::{kind}, E\'\\n\') FROM attune."{table}"'  # noqa: S608 - names of the catalog
    found: str | bytes | None = await connection.fetchval(query)
    return found if isinstance(found, bytes) else (found or "").encode()


def processes_of(pids: Iterable[int]) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield the name, arguments and environment of each process and its descendants."""
    for pid in pids:
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            try:
                directory = Path(f"/proc/{each.pid}")
                arguments = (directory / "cmdline").read_bytes()
                yield each.name(), arguments, (directory / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
                continue


async def runs_in(client: Client) -> AsyncIterator[tuple[str, bytes]]:
    """Yield all that Temporal has of each workflow run: what lists show, and history.

    Serialized messages hold text and payloads as they are, without any encoding.
    """
    async for run in client.list_workflows():
        yield f"{run.id} in the list", run.raw_info.SerializeToString()
        yield f"{run.id} described", await _described(client, run)
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        async for event in handle.fetch_history_events():
            yield f"{run.id} event {event.event_id}", event.SerializeToString()


async def _described(client: Client, run: WorkflowExecution) -> bytes:
    handle = client.get_workflow_handle(run.id, run_id=run.run_id)
    return (await handle.describe()).raw_description.SerializeToString()
