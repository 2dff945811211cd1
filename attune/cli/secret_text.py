"""Secrets that somebody types unseen or pipes in; never part of a command line."""

import sys

import typer

from attune.cli.errors import usage_error
from attune.cli.prompts import is_interactive


def typed(what: str, *, twice: bool = False) -> str:
    """Return what the person at the terminal types unseen."""
    text: str = typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
    return text


def piped(what: str) -> str:
    """Return the next line of standard input."""
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise usage_error(f"there is no {what} on standard input")
    return text


def new_password(label: str, *, from_stdin: bool) -> str:
    """Return a password to be set, from a pipe or typed twice."""
    if from_stdin:
        return piped("password")
    if not is_interactive():
        raise usage_error(
            "nobody can be asked for the password here: use --password-stdin"
        )
    return typed(label, twice=True)
