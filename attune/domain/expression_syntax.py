"""The syntax of expressions: Jinja2's, read by Jinja2's own parser into its tree.

Only the tree is taken from Jinja2. Nothing is compiled or run by it, so that none of
its attribute access, methods, filters or tests exist here.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import MAX_BRACKETS, MAX_SOURCE

_RawToken: TypeAlias = tuple[int, str, str]

# Escapes that Python does not know keep their backslash, as regular expressions want.
_UNKNOWN_ESCAPE: Final = re.compile(r"\\(?:(?=[^\\'\"abfnrtvxuUN\n])|(.))", re.DOTALL)
_PLACE_IN_MESSAGE: Final = re.compile(r" at \d+\Z")
_END_OF_SOMETHING: Final = re.compile(r"'?\bend of [a-z ]+'?")
_HINTS: Final = {
    "'&'": "write 'and'",
    "'!'": "write 'not'",
    "'?'": "write 'a if condition else b'",
    "got '|'": "write 'or'",
    "'='": "compare with '=='",
    "'{%'": "statements do not exist, only expressions",
    '"\'"': "close the string",
    "'\"'": "close the string",
}


def parse(source: str) -> nodes.Expr:
    """Read one expression; raises InvalidInput with the position of what is wrong.

    In the tree `lineno` is the position of a node, counted in characters from 1.
    """
    if len(source) > MAX_SOURCE:
        raise InvalidInput(f"an expression has at most {MAX_SOURCE} characters")
    if not source.strip():
        raise InvalidInput("an expression cannot be empty")
    # What is read is what is counted: the lexer makes each line end one character.
    text = source.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    try:
        return _read(text)
    except TemplateSyntaxError as wrong:
        raise located(_explain(wrong.message or ""), wrong.lineno) from None
    except RecursionError:
        raise InvalidInput("the expression is nested too deeply") from None
    except ValueError:
        raise InvalidInput("a number in the expression is too long") from None


def _read(text: str) -> nodes.Expr:
    parser = Parser(_ENVIRONMENT, text, state="variable")
    tree = parser.parse_expression()
    if not parser.stream.eos:
        rest = parser.stream.current
        parser.fail(f"unexpected {str(rest.value)[:32]!r}", rest.lineno)
    return tree


def located(problem: str, position: int) -> InvalidInput:
    """Return the error for a problem at this position of an expression."""
    return InvalidInput(f"{problem} (at character {position})")


def _explain(message: str) -> str:
    problem = _PLACE_IN_MESSAGE.sub("", message)
    problem = _END_OF_SOMETHING.sub("the end", problem)[:200]
    hint = next((hint for sign, hint in _HINTS.items() if sign in problem), None)
    return f"{problem}; {hint}" if hint else problem


class _SyntaxEnvironment(ImmutableSandboxedEnvironment):
    """Gives the parser tokens whose line number is their position in the text."""

    def _tokenize(
        self,
        source: str,
        name: str | None,
        filename: str | None = None,
        state: str | None = None,
    ) -> TokenStream:
        raw = self.lexer.tokeniter(source, name, filename, state)
        tokens = self.lexer.wrap(_split_paths(_locate(raw)), name, filename)
        return TokenStream(tokens, name, filename)


_ENVIRONMENT: Final = _SyntaxEnvironment(autoescape=False, cache_size=0)


def _locate(raw: Iterator[_RawToken]) -> Iterator[_RawToken]:
    position, open_brackets = 1, 0
    try:
        for _, kind, text in raw:
            if kind == "operator":
                open_brackets += (text in "([{") - (text in ")]}")
                _check_brackets(open_brackets, position)
            yield position, kind, _escape(text) if kind == "string" else text
            position += len(text)
    except TemplateSyntaxError as wrong:
        # The lexer knows the line only.
        raise TemplateSyntaxError(wrong.message or "", position) from None


def _check_brackets(count: int, position: int) -> None:
    if count > MAX_BRACKETS:
        raise TemplateSyntaxError("brackets are nested too deeply", position)


def _escape(literal: str) -> str:
    return _UNKNOWN_ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", literal)


def _split_paths(raw: Iterator[_RawToken]) -> Iterator[_RawToken]:
    """Read `.0.1` after a dot as two indices, where the lexer sees the number 0.1."""
    after_dot = False
    for position, kind, text in raw:
        if after_dot and kind == "float" and text.replace(".", "").isdigit():
            first, _, second = text.partition(".")
            yield position, "integer", first
            yield position + len(first), "operator", "."
            yield position + len(first) + 1, "integer", second
        else:
            yield position, kind, text
        after_dot = kind == "operator" and text == "."
