"""The document that an execution's process leaves behind (contract, d.5)."""

import json
from dataclasses import dataclass, field
from typing import Final

from attune.domain.action import OutputFormat
from attune.domain.errors import InvalidInput, MalformedInput
from attune.domain.json import (
    OUTPUT_LIMITS,
    Json,
    JsonObject,
    replace_unstorable,
    replace_unstorable_text,
)
from attune.domain.yaml_text import parse_yaml

MAX_YAML_BYTES: Final = 1_000_000
_FEW_LINES: Final = 5
_LONGEST_ERROR: Final = 4_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessFacts:
    """How a process ended and what it wrote, as far as it was kept."""

    exit_code: int | None
    """None where there was no process or it was killed before it could end."""
    duration_ms: int
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    stdout_dropped: int = 0
    """Bytes beyond the limit."""
    stderr_dropped: int = 0
    timed_out_after: float | None = None
    """The time limit in seconds, if it ended the process."""
    cancelled: bool = False
    error: str | None = None
    """Why there was no process."""
    stderr_log: str | None = None

    @property
    def succeeded(self) -> bool:
        """Tell whether the process ended by itself, with 0."""
        was_stopped = self.cancelled or self.timed_out_after is not None
        return self.exit_code == 0 and not was_stopped and self.error is None


@dataclass(frozen=True, slots=True)
class _Output:
    """Standard output, read in the action's format."""

    data: Json = None
    is_parsed: bool = False
    problem: str | None = None
    """What could not be read; the text is kept then."""


def compose_result(
    facts: ProcessFacts, output_format: OutputFormat | str = OutputFormat.TEXT
) -> JsonObject:
    """Return the result; whatever the process wrote, this can be stored as JSON."""
    stdout, stderr = _text(facts.stdout), _text(facts.stderr)
    output = _read(stdout, OutputFormat(output_format))
    result: JsonObject = {
        "exit_code": facts.exit_code,
        "duration_ms": facts.duration_ms,
        "succeeded": facts.succeeded,
    }
    if output.is_parsed:
        result["data"] = output.data
    if not output.is_parsed or output.problem:
        result["stdout"] = stdout + _notice("stdout", facts.stdout_dropped)
    if output.problem:
        result["output_error"] = output.problem
    if stderr:
        result["stderr"] = stderr + _notice("stderr", facts.stderr_dropped)
    return result | _ending(facts, stderr) | _truncation(facts)


def _text(content: bytes) -> str:
    return replace_unstorable_text(content.decode("utf-8", "replace"))


def _notice(stream: str, dropped: int) -> str:
    return f"\n[OUTPUT TRUNCATED: {stream} exceeded size limit]" if dropped else ""


def _ending(facts: ProcessFacts, stderr: str) -> JsonObject:
    ending: JsonObject = {}
    if stderr and facts.stderr_log:
        ending["stderr_log"] = facts.stderr_log
    if facts.timed_out_after is not None:
        ending["timed_out"] = True
    if facts.cancelled:
        ending["cancelled"] = True
    error = _error(facts, stderr)
    return ending if error is None else {**ending, "error": error}


def _error(facts: ProcessFacts, stderr: str) -> str | None:
    if facts.succeeded:
        return None
    if facts.timed_out_after is not None:
        return f"Execution timed out after {facts.timed_out_after:g} seconds"
    if facts.cancelled:
        return "Execution was cancelled"
    if facts.error is not None:
        return replace_unstorable_text(facts.error)[:_LONGEST_ERROR]
    lines = stderr.strip().splitlines()
    said = lines[-1] if len(lines) > _FEW_LINES else "\n".join(lines)
    return said[:_LONGEST_ERROR] or f"Command exited with code {facts.exit_code}"


def _truncation(facts: ProcessFacts) -> JsonObject:
    dropped = {"stdout": facts.stdout_dropped, "stderr": facts.stderr_dropped}
    flags: JsonObject = {}
    for stream, count in dropped.items():
        if count:
            flags[f"{stream}_truncated"] = True
            flags[f"{stream}_bytes_truncated"] = count
    return flags


def _read(stdout: str, output_format: OutputFormat) -> _Output:
    if output_format is OutputFormat.TEXT or not stdout.strip():
        return _Output()
    if output_format is OutputFormat.JSON:
        return _read_json(stdout)
    if output_format is OutputFormat.JSONL:
        return _read_lines(stdout)
    return _read_yaml(stdout)


def _read_json(stdout: str) -> _Output:
    """Read the whole, else the last line, which may follow what a library prints."""
    try:
        return _stored(_parse(stdout))
    except ValueError as whole:
        try:
            return _stored(_parse(stdout.strip().rpartition("\n")[2]))
        except ValueError:
            return _Output(problem=f"the output is not JSON: {whole}")


def _parse(text: str) -> object:
    """Read as Python does, NaN included; raises ValueError that repeats no text."""
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as broken:
        where = f"line {broken.lineno}, column {broken.colno}"
        raise ValueError(f"{broken.msg} ({where})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("an integer has too many digits") from None
    return value


def _stored(value: object) -> _Output:
    data, problem = replace_unstorable(value)
    if problem is not None:
        return _Output(problem=f"the output cannot be stored as data: {problem}")
    return _Output(data, is_parsed=True)


def _read_lines(stdout: str) -> _Output:
    """Read the lines that are objects; with others among them the text is kept too."""
    lines = [line for line in map(str.strip, stdout.split("\n")) if line]
    objects = _all_at_once(lines)
    if objects is None:
        found = map(_object_of_line, lines)
        objects = [value for value in found if value is not None]
    if not objects:
        return _Output(problem="no line of the output is a JSON object")
    output = _stored(objects)
    if len(objects) == len(lines) or not output.is_parsed:
        return output
    skipped = len(lines) - len(objects)
    problem = f"{skipped} lines of the output are not JSON objects"
    return _Output(output.data, is_parsed=True, problem=problem)


def _all_at_once(lines: list[str]) -> list[object] | None:
    """Read a million lines as fast as one, if each looks like an object and is one."""
    if not all(line[0] == "{" and line[-1] == "}" for line in lines):
        return None
    try:
        values = _parse(f"[{','.join(lines)}]")
    except ValueError:
        return None
    if isinstance(values, list) and len(values) == len(lines):
        return values
    return None


def _object_of_line(line: str) -> object | None:
    try:
        value = _parse(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _read_yaml(stdout: str) -> _Output:
    if len(stdout) > MAX_YAML_BYTES:
        return _Output(problem=f"the output is not read: over {MAX_YAML_BYTES} bytes")
    try:
        return _stored(parse_yaml(stdout, OUTPUT_LIMITS))
    except (InvalidInput, MalformedInput) as wrong:
        return _Output(problem=f"the output is not YAML: {wrong.message}")
