"""The one evaluator, for rules, workflows and templates.

The syntax is Jinja2's, expressions only; the meaning is JSON's: a path that leads
nowhere is null, nothing is converted behind one's back, `and` and `or` give booleans.
An evaluation is deterministic and bounded, and its result is data.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import Budget
from attune.domain.expression_compiler import Compiler
from attune.domain.expression_step import Frame, Step
from attune.domain.expression_syntax import parse
from attune.domain.expression_value import check_result
from attune.domain.json import Json

_CACHED_EXPRESSIONS: Final = 1_024
_NO_FUNCTIONS: Final[Mapping[str, Callable[..., Json]]] = MappingProxyType({})


class Expression:
    """A compiled expression; it holds no state, so that everyone may share it."""

    __slots__ = ("_step", "calls", "names", "path", "paths", "source")

    def __init__(self, source: str, step: Step, compiler: Compiler) -> None:
        self.source = source
        self.names = frozenset(path[0] for path in compiler.paths)
        """The variables that it reads, which are the top of every path."""
        self.paths = frozenset(compiler.paths)
        """What it reads, as far as that can be seen: `a.b[c].d` reads a.b and c."""
        self.path = compiler.sole_path
        """Its path, if it is nothing else."""
        self.calls = frozenset(compiler.calls)
        """The functions it calls that the evaluation has to bring."""
        self._step = step

    def evaluate(
        self,
        scope: Mapping[str, Json],
        functions: Mapping[str, Callable[..., Json]] | None = None,
        budget: Budget | None = None,
    ) -> Json:
        """Return the value in this scope; raises InvalidInput with the reason.

        The value may share lists and objects with the scope. `functions` holds what was
        named when the expression was compiled; `budget` is shared between evaluations.
        """
        frame = Frame(scope, functions or _NO_FUNCTIONS, budget or Budget())
        try:
            return check_result(frame.budget, self._step(frame))
        except RecursionError:
            raise InvalidInput("the expression is nested too deeply") from None


def compile_expression(
    source: str, functions: Collection[str] = frozenset()
) -> Expression:
    """Compile; raises InvalidInput with the position and what would be right.

    `functions` names those that the evaluation will bring, such as `result`.
    """
    return _compile(source, frozenset(functions))


@lru_cache(maxsize=_CACHED_EXPRESSIONS)
def _compile(source: str, functions: frozenset[str]) -> Expression:
    compiler = Compiler(functions)
    try:
        step = compiler.compile(parse(source))
    except RecursionError:
        raise InvalidInput("the expression is nested too deeply") from None
    return Expression(source, step, compiler)
