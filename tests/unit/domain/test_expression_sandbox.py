"""Ways out of template sandboxes that are known, and that lead nowhere here."""

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.expression import compile_expression
from attune.domain.expression_compiler import _NODES
from attune.domain.json import Json

SCOPE: dict[str, Json] = {"s": "text", "d": {"a": 1}, "l": [1], "n": 1, "f": 1.5}

ESCAPES = [
    "''.__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']['__mro__']",
    "s.__class__.__base__.__subclasses__()",
    "d.__class__.__init__.__globals__",
    "l.__class__.__base__",
    "(1).__class__",
    "n.__class__.__bases__[0]",
    "true.__class__",
    "s|attr('__class__')",
    "d|attr('\\x5f\\x5fclass\\x5f\\x5f')",
    "[d]|map(attribute='__class__')|list",
    "[s]|map('attr', 'format')|first",
    "[1]|groupby('__class__')",
    "[s]|sort(attribute='__class__')",
    "['x']|sum(attribute='__class__')",
    "'{0.__class__}'.format(s)",
    "'{0.__class__.__init__.__globals__}'.format(s)",
    "'%(a.__class__)s' % d",
    "'{a.__class__}'.format_map(d)",
    "('{0.__class__}' | attr('format'))(s)",
    "s.format",
    "s.format.__self__",
    "self.__init__.__globals__",
    "self._TemplateReference__context",
    "cycler.__init__.__globals__.os",
    "joiner.__init__.__globals__",
    "namespace.__init__.__globals__",
    "lipsum.__globals__['os'].popen('id').read()",
    "lipsum(n=200000)",
    "request.application.__globals__",
    "config.items()",
    "url_for.__globals__",
    "get_flashed_messages.__globals__",
    "loop.__init__",
    "caller()",
    "varargs",
    "range.__class__",
    "length.__globals__",
    "upper.__self__",
    "dict(a=1)",
    "d.items()",
    "d.pop('a')",
    "d.update({'x': 1})",
    "d.setdefault('x', 1)",
    "l.append(2)",
    "l.__setitem__(0, 2)",
    "(lambda: 1)()",
    "[x for x in l]",
    "__import__('os')",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "getattr(s, 'upper')",
    "globals()",
    "type(s)",
    "print(s)",
    "d.a.__class__()",
    "s.encode().decode()",
    "s[s.__len__()]",
    "f.as_integer_ratio()",
    "{}.__class__.__base__.__subclasses__()[40]('/etc/passwd').read()",
    "[].__class__.__base__.__subclasses__()[0]",
    "().__class__.__bases__[0].__subclasses__()",
    "undefined_name.__class__",
    "undefined_name.__init__.__globals__",
    "(undefined_name or s).__class__",
    "s.__class__.mro()",
    "s.__add__('x')",
    "l.sort.__self__",
    "l.__class__.__name__",
    "{% set x = 1 %}",
    "{% include 'x' %}",
    "{% for a in l %}{% endfor %}",
    "{# #}",
    "{{ s }}",
    "await s",
    "s := 1",
    "not.__class__",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_no_way_out(source: str) -> None:
    """A path to something of Python's is a path that leads nowhere; a call is refused."""
    try:
        result = compile_expression(source).evaluate(SCOPE)
    except InvalidInput:
        return

    assert result in (None, False)


def test_no_scope_is_changed_by_trying() -> None:
    scope: dict[str, Json] = {"s": "text", "d": {"a": 1}, "l": [1]}
    before = {"s": "text", "d": {"a": 1}, "l": [1]}

    for source in ESCAPES:
        try:
            compile_expression(source).evaluate(scope)
        except InvalidInput:
            continue

    assert scope == before


def test_the_language_has_these_nodes_and_no_others() -> None:
    names = {node.__name__ for node in _NODES}

    assert names == {
        "Add", "And", "Call", "Compare", "Concat", "CondExpr", "Const", "Dict", "Div",
        "Filter", "FloorDiv", "Getattr", "Getitem", "List", "Mod", "Mul", "Name", "Neg",
        "Not", "Or", "Pos", "Pow", "Sub", "Test", "Tuple",
    }  # fmt: skip
