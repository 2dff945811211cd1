"""Turns the tree of an expression into steps.

What a node may do is what its function here says: there is no access to attributes of
Python objects and no call of anything but the functions of the language.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeAlias, cast

from jinja2 import nodes

from attune.domain.errors import InvalidInput
from attune.domain.expression_budget import MAX_NESTING, MAX_NODES
from attune.domain.expression_operator import (
    ARITHMETIC,
    COMPARISON,
    check_number,
    cut,
    is_number,
    keep_sign,
    negate,
    subscript,
)
from attune.domain.expression_step import (
    Key,
    Step,
    application,
    brought,
    comparison,
    concatenation,
    conjunction,
    disjunction,
    make_object,
    null,
    path_of_scope,
    path_of_value,
)
from attune.domain.expression_syntax import located
from attune.domain.expression_test import find_test
from attune.domain.function import Function
from attune.domain.functions import FUNCTIONS, check_arguments, find_function
from attune.domain.json import Json, check_json

_NULL: Final = "null"


class Compiler:
    """Compiles one tree; `extra` names functions that the evaluation will bring."""

    def __init__(self, extra: Collection[str]) -> None:
        self.extra = extra
        self.paths: set[tuple[str, ...]] = set()
        self.sole_path: tuple[str, ...] | None = None
        self.calls: set[str] = set()
        self._depth = 0
        self._count = 0

    def compile(self, tree: nodes.Expr) -> Step:
        """Return the step of a whole expression."""
        step = self.step(tree)
        if isinstance(_path(tree)[0], nodes.Name) and self.paths:
            (self.sole_path,) = self.paths
        return step

    def step(self, node: nodes.Node) -> Step:
        """Return the step that gives the node's value."""
        self.count(1)
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise located("nested too deeply", node.lineno)
        compile_node = _NODES.get(type(node))
        if compile_node is None:
            kind = type(node).__name__.lower()
            raise located(f"{kind} cannot be used in an expression", node.lineno)
        step = compile_node(self, node)
        self._depth -= 1
        return step

    def steps(self, items: Sequence[nodes.Expr]) -> list[Step]:
        """Return the steps of several nodes."""
        return [self.step(item) for item in items]

    def count(self, parts: int) -> None:
        """Refuse an expression that has too many parts."""
        self._count += parts
        if self._count > MAX_NODES:
            raise InvalidInput(f"an expression has at most {MAX_NODES} parts")


def _constant(_: Compiler, node: nodes.Const) -> Step:
    value = _value(node)
    return lambda _: value


def _value(node: nodes.Const) -> Json:
    value: Json = node.value
    try:
        check_json(value)
        return check_number(value) if is_number(value) else value
    except InvalidInput as wrong:
        raise located(wrong.message, node.lineno) from None


def _name(compiler: Compiler, node: nodes.Name) -> Step:
    return _variable(compiler, node.name, ())


def _variable(compiler: Compiler, name: str, keys: Sequence[Key]) -> Step:
    if name == _NULL:
        return null
    compiler.paths.add((name, *[key for key, _ in keys]))
    return path_of_scope(name, keys)


def _subscript(compiler: Compiler, node: nodes.Getattr | nodes.Getitem) -> Step:
    base, keys = _path(node)
    if not keys:
        return _computed_subscript(compiler, cast("nodes.Getitem", node))
    if isinstance(base, nodes.Name):
        return _variable(compiler, base.name, keys)
    return path_of_value(compiler.step(base), keys)


def _path(node: nodes.Expr) -> tuple[nodes.Expr, tuple[Key, ...]]:
    """Take the constant keys off the end: `a[b].c.0` is `a[b]` with c and 0."""
    keys: list[Key] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        key = _key(node)
        if key is None:
            break
        keys.append(key)
        node = node.node
    return node, tuple(reversed(keys))


def _key(node: nodes.Getattr | nodes.Getitem) -> Key | None:
    if isinstance(node, nodes.Getattr):
        return node.attr, None
    sign, constant = 1, node.arg
    if isinstance(constant, nodes.Neg):
        sign, constant = -1, constant.node
    if not isinstance(constant, nodes.Const):
        return None
    value = _value(constant)
    if isinstance(value, str) and sign == 1:
        return value, None
    return (str(sign * value), sign * value) if type(value) is int else None


def _computed_subscript(compiler: Compiler, node: nodes.Getitem) -> Step:
    value = compiler.step(node.node)
    if isinstance(node.arg, nodes.Slice):
        return _cut(compiler, value, node.arg)
    if isinstance(node.arg, nodes.Tuple):
        raise located("there is one key or index in [ ]", node.lineno)
    key = compiler.step(node.arg)
    return lambda frame: subscript(value(frame), key(frame))


def _cut(compiler: Compiler, value: Step, node: nodes.Slice) -> Step:
    start, stop, step = (
        compiler.step(bound) if bound else null
        for bound in (node.start, node.stop, node.step)
    )
    return lambda frame: cut(
        frame.budget, value(frame), (start(frame), stop(frame), step(frame))
    )


def _list(compiler: Compiler, node: nodes.List | nodes.Tuple) -> Step:
    constants = [item for item in node.items if isinstance(item, nodes.Const)]
    if len(constants) == len(node.items):
        compiler.count(len(constants))
        values = [_value(constant) for constant in constants]
        # A fresh list each time: whoever gets it may change it.
        return lambda _: values.copy()
    items = compiler.steps(node.items)
    return lambda frame: [item(frame) for item in items]


def _object(compiler: Compiler, node: nodes.Dict) -> Step:
    return make_object(
        [(compiler.step(pair.key), compiler.step(pair.value)) for pair in node.items]
    )


def _and(compiler: Compiler, node: nodes.And) -> Step:
    return conjunction(compiler.steps(_operands(node, nodes.And)))


def _or(compiler: Compiler, node: nodes.Or) -> Step:
    return disjunction(compiler.steps(_operands(node, nodes.Or)))


def _operands(node: nodes.Expr, kind: type[nodes.BinExpr]) -> list[nodes.Expr]:
    """Lay `a or b or c` out flat, so that a long one is not a deep one."""
    operands: list[nodes.Expr] = []
    while isinstance(node, kind):
        operands.append(node.right)
        node = node.left
    return [node, *reversed(operands)]


def _not(compiler: Compiler, node: nodes.Not) -> Step:
    value = compiler.step(node.node)
    return lambda frame: not value(frame)


def _arithmetic(compiler: Compiler, node: nodes.BinExpr) -> Step:
    operate = ARITHMETIC[node.operator]
    left, right = compiler.step(node.left), compiler.step(node.right)
    return lambda frame: operate(frame.budget, left(frame), right(frame))


def _negative(compiler: Compiler, node: nodes.Neg) -> Step:
    value = compiler.step(node.node)
    return lambda frame: negate(value(frame))


def _positive(compiler: Compiler, node: nodes.Pos) -> Step:
    value = compiler.step(node.node)
    return lambda frame: keep_sign(value(frame))


def _compare(compiler: Compiler, node: nodes.Compare) -> Step:
    first = compiler.step(node.expr)
    rest = [(COMPARISON[each.op], compiler.step(each.expr)) for each in node.ops]
    return comparison(first, rest)


def _concatenate(compiler: Compiler, node: nodes.Concat) -> Step:
    return concatenation(compiler.steps(node.nodes))


def _choose(compiler: Compiler, node: nodes.CondExpr) -> Step:
    condition, yes = compiler.step(node.test), compiler.step(node.expr1)
    no = compiler.step(node.expr2) if node.expr2 else null
    return lambda frame: yes(frame) if condition(frame) else no(frame)


def _call(compiler: Compiler, node: nodes.Call) -> Step:
    if not isinstance(node.node, nodes.Name):
        raise located(_instead_of_method(node.node), node.lineno)
    _check_plain(node)
    return _function(compiler, node.node.name, node.args, node.lineno)


def _instead_of_method(node: nodes.Expr) -> str:
    if isinstance(node, nodes.Getattr) and node.attr in FUNCTIONS:
        name = node.attr
        return f"values have no methods: write {name}(value), not value.{name}()"
    return "values have no methods, only functions can be called"


def _filter(compiler: Compiler, node: nodes.Filter) -> Step:
    _check_plain(node)
    known = node.name in compiler.extra
    at = 0 if known else _find(node.name, node.lineno).piped_at
    arguments = [*node.args]
    arguments.insert(at, cast("nodes.Expr", node.node))
    return _function(compiler, node.name, arguments, node.lineno)


def _function(
    compiler: Compiler, name: str, arguments: Sequence[nodes.Expr], position: int
) -> Step:
    steps = compiler.steps(arguments)
    if name in compiler.extra:
        compiler.calls.add(name)
        return brought(name, steps)
    function = _find(name, position)
    try:
        check_arguments(name, function, len(steps))
    except InvalidInput as wrong:
        raise located(wrong.message, position) from None
    return application(function.call, steps)


def _find(name: str, position: int) -> Function:
    try:
        return find_function(name)
    except InvalidInput as wrong:
        raise located(wrong.message, position) from None


def _test(compiler: Compiler, node: nodes.Test) -> Step:
    _check_plain(node)
    if node.args:
        raise located(f"the test '{node.name[:32]}' takes nothing", node.lineno)
    try:
        test = find_test(node.name)
    except InvalidInput as wrong:
        raise located(wrong.message, node.lineno) from None
    value = compiler.step(node.node)
    return lambda frame: test(value(frame))


def _check_plain(node: nodes.Call | nodes.Filter | nodes.Test) -> None:
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise located("arguments are given by their position only", node.lineno)


_Compile: TypeAlias = Callable[[Compiler, Any], Step]

_NODES: Final[dict[type[nodes.Node], _Compile]] = {
    nodes.Const: _constant,
    nodes.Name: _name,
    nodes.Getattr: _subscript,
    nodes.Getitem: _subscript,
    nodes.List: _list,
    nodes.Tuple: _list,
    nodes.Dict: _object,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: _not,
    nodes.Add: _arithmetic,
    nodes.Sub: _arithmetic,
    nodes.Mul: _arithmetic,
    nodes.Div: _arithmetic,
    nodes.FloorDiv: _arithmetic,
    nodes.Mod: _arithmetic,
    nodes.Pow: _arithmetic,
    nodes.Neg: _negative,
    nodes.Pos: _positive,
    nodes.Compare: _compare,
    nodes.Concat: _concatenate,
    nodes.CondExpr: _choose,
    nodes.Call: _call,
    nodes.Filter: _filter,
    nodes.Test: _test,
}
"""Every node there is in this language; any other is refused."""
