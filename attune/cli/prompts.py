"""Asking the person at the terminal; where there is none, nothing is ever asked."""

import sys
from collections.abc import Callable

import typer

from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.parameters import Parameters


def is_interactive() -> bool:
    """Tell whether somebody can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """End the command unless the question is answered with yes, here or by `--yes`."""
    if yes:
        return
    if not is_interactive():
        raise usage_error(f"{question} Add --yes to do it without being asked")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def ask_missing(parameters: Parameters, values: JsonObject) -> JsonObject:
    """Return the values with every required parameter; secrets are typed unseen."""
    missing = parameters.missing(values)
    if missing and not is_interactive():
        raise usage_error(
            "required parameters are missing", *(each.described() for each in missing)
        )
    return values | {
        each.name: typer.prompt(
            each.described(),
            hide_input=each.secret,
            value_proc=_converter(parameters, each.name),
            err=True,
        )
        for each in missing
    }


def _converter(parameters: Parameters, name: str) -> Callable[[str], object]:
    def convert(text: str) -> object:
        try:
            return parameters.convert(name, text)
        except ValueError as problem:
            # The kind of error after which Typer asks again.
            raise typer.BadParameter(str(problem)) from problem

    return convert
