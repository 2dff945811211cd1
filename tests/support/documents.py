"""The documents of the checkout, cut into what a reader would type and see."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w/.-]+\.\w+)`:$")
_VARYING = re.compile(r"…|\d+(?:\.\d+)?|\s+")


@dataclass(frozen=True)
class Block:
    """A block of code and the words before it."""

    language: str
    text: str
    before: str


@dataclass
class Command:
    """A line that a reader types, and the lines that they see."""

    line: str
    output: list[str] = field(default_factory=list)

    def missing(self, actual: str) -> str | None:
        """Return the first line that an output lacks.

        Numbers may be others, and so may the order: there are two streams of output.
        """
        return next((line for line in self.output if not _is_in(line, actual)), None)


def documents() -> list[Path]:
    """Return every document that a reader may open."""
    inner = ("docs/**/*.md", "examples/**/*.md")
    return [*ROOT.glob("*.md"), *(path for each in inner for path in ROOT.glob(each))]


def blocks(path: Path) -> Iterator[Block]:
    """Give the blocks of code of a document."""
    text, at = path.read_text(), 0
    for found in _FENCE.finditer(text):
        code = re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE)
        yield Block(found[2], code, text[at : found.start()].strip())
        at = found.end()


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block, each with its output."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and found[-1].line.endswith("\\"):
            found[-1].line = f"{found[-1].line[:-1].rstrip()} {line.strip()}"
        elif found:
            found[-1].output.append(line)
    return found


def named_file(block: Block) -> str | None:
    """Return the file that a reader is told to write, if the block is one."""
    named = _FILE.search(block.before)
    return named[1] if named else None


def files(path: Path) -> dict[str, str]:
    """Return the files that a document tells its reader to write."""
    named = ((named_file(block), block.text) for block in blocks(path))
    return {name: text for name, text in named if name}


def _is_in(line: str, text: str) -> bool:
    return re.search(f"^{_pattern(line)}", text, re.MULTILINE) is not None


def _pattern(line: str) -> str:
    pieces, at = [], 0
    for found in _VARYING.finditer(line):
        pieces.append(re.escape(line[at : found.start()]))
        pieces.append(_variation(found[0]))
        at = found.end()
    return "".join([*pieces, re.escape(line[at:])])


def _variation(text: str) -> str:
    if text == "…":
        return ".*"
    return r"\s+" if text.isspace() else r"\d+(?:\.\d+)?"


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """Give the rows of each table, by the headings of their columns."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(_cells(line))
        elif rows:
            # Of two columns of the same name the last one counts.
            yield [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
            rows = []


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
    return [cell.strip().replace("\\|", "|") for cell in cells]


def heading_ids(text: str) -> set[str]:
    """Return what a link may name after its `#`."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
        for heading in headings
    }
