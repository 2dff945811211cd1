"""The answer to an inquiry: from words and JSON, or asked field by field."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import typer

from attune.cli.document import JsonObject, as_json, parse_json, read_object
from attune.cli.errors import CommandError, Refused, usage_error
from attune.cli.output import printable
from attune.cli.parameters import Parameter, Parameters
from attune.cli.prompts import ask_missing, is_interactive
from attune.domain.schema import find_problems

Send = Callable[[JsonObject], JsonObject]


def given_answer(
    fields: Parameters, words: list[str], document: str | None
) -> JsonObject | None:
    """Return the answer that the command line holds, or None if it holds none."""
    if document is None:
        return ask_missing(fields, fields.parse(words)) if words else None
    if words:
        raise usage_error("an answer is given as fields or with --response, not both")
    if document.startswith("@"):
        return read_object(document[1:])
    answer = parse_json(document, "--response")
    if not isinstance(answer, dict):
        raise usage_error(
            "--response must be an object, such as '{\"approved\": true}'"
        )
    return answer


def answer_in_person(inquiry: JsonObject, fields: Parameters, send: Send) -> JsonObject:
    """Ask for each field until the server takes the answer; return what it says."""
    if inquiry["status"] != "pending":
        raise CommandError(f"inquiry {inquiry['id']} is not open: {inquiry['status']}")
    if not is_interactive():
        asked = [_question(each) for each in fields.declared.values()]
        raise usage_error(
            f"inquiry {inquiry['id']} needs an answer: field=value, or --response",
            *asked,
        )
    _say(f"execution {inquiry['execution']} asks: {inquiry['prompt']}")
    answer: JsonObject = {}
    while True:
        answer = _ask(fields, inquiry.get("response_schema") or {}, answer)
        try:
            return send(answer)
        except Refused as error:
            if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            _say("\n".join(error.lines()))


def _ask(fields: Parameters, schema: JsonObject, before: JsonObject) -> JsonObject:
    """Return a value for each field that gets one; `before` is what was said last."""
    if not fields.declared:
        whole = Parameter("response", {"type": "object"}, required=True)
        return dict(_ask_one(fields, {}, whole, before))
    answer: JsonObject = {}
    for field in fields.declared.values():
        value = _ask_one(fields, schema, field, before.get(field.name))
        if value is not None:
            answer[field.name] = value
    return answer


def _ask_one(
    fields: Parameters, schema: JsonObject, field: Parameter, before: Any
) -> Any:
    """Ask until the answer fits; None is no answer."""
    known = field.schema.get("default") if before is None else before
    default = None if known is None or field.secret else _as_text(known)
    if default is None and not field.required:
        default = ""

    def convert(text: str) -> Any:
        if text == "" and not field.required:
            return None
        return _fitting(fields, schema, field, text)

    return typer.prompt(
        _question(field),
        default=default,
        show_default=bool(default),
        hide_input=field.secret,
        value_proc=convert,
        err=True,
    )


def _fitting(
    fields: Parameters, schema: JsonObject, field: Parameter, text: str
) -> Any:
    """Return what the text says; raises what makes Typer ask again."""
    declared = Parameters({field.name: field, **fields.declared}, closed=False)
    try:
        value = declared.convert(field.name, text)
    except ValueError as problem:
        raise typer.BadParameter(printable(str(problem))) from problem
    found = find_problems(schema, {field.name: value})
    wrong = [each.message for each in found if each.path[:1] == (field.name,)]
    if wrong:
        raise typer.BadParameter(printable(f"{field.name}: {'; '.join(wrong)}"))
    return value


def _question(field: Parameter) -> str:
    """Return the field with all that helps to answer it."""
    kind = " or ".join(field.types) or "any"
    facts = [{"boolean": "yes or no", "object": "as JSON"}.get(kind, kind)]
    choices = field.schema.get("enum")
    if isinstance(choices, list):
        facts.append("one of " + ", ".join(_as_text(each) for each in choices))
    if not field.required:
        facts.append("optional")
    text = f"{field.name} ({'; '.join(facts)})"
    description = field.schema.get("description")
    return printable(f"{text}: {description}" if description else text)


def _as_text(value: Any) -> str:
    """Return the value as it would be typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else " ".join(as_json(value).split())


def _say(text: str) -> None:
    typer.echo(printable(text), err=True)
