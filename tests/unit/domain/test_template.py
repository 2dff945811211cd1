"""Templates in JSON values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.json import Json
from attune.domain.template import (
    check_template,
    compile_template,
    is_template,
    render,
    render_text,
    sole_expression,
)
from tests.support.cpu_time import at_most
from tests.support.json_values import texts, values

SCOPE: dict[str, Json] = {
    "event": {
        "payload": {
            "value": 5,
            "nothing": None,
            "yes": True,
            "list": ["a", 1],
            "template": "{{ 1 + 1 }}",
            "tags": ["first"],
        }
    }
}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ event.payload.value }}", 5),
        ("{{event.payload.value}}", 5),
        ("{{ event.payload.value }}\n", 5),
        ("{{ event.payload.list }}", ["a", 1]),
        ("{{ event.payload.nothing }}", None),
        ("{{ event.payload.missing.x }}", None),
        ("{{ event.payload.tags.0 }}", "first"),
        (" {{ event.payload.value }}", " 5"),
        ("{{ event.payload.value }} ", "5 "),
        ("{{ 1 }}{{ 2 }}", "12"),
        ("v={{ event.payload.value }}", "v=5"),
        ("[{{ event.payload.nothing }}]", "[]"),
        ("is {{ event.payload.yes }}", "is true"),
        ("of {{ event.payload.list }}", 'of ["a",1]'),
        ("{{ '}}' }}", "}}"),
        ("{{ '{{' }}", "{{"),
        ('{{ "it\'s }}" }}', "it's }}"),
        ("{{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("{{ {'a': {'b': '}}'}}['a'] }}", {"b": "}}"}),
        ("{{{}}}", {}),
        ("no template", "no template"),
        ("}}", "}}"),
        ("{ {a} }", "{ {a} }"),
        ("{% if a %} ${#array[@]} {# x #}", "{% if a %} ${#array[@]} {# x #}"),
        ("1_000", "1_000"),
        ("007", "007"),
        (["{{ 1 }}", {"{{ key }}": "{{ 2 }}"}], [1, {"{{ key }}": 2}]),
        (5, 5),
        (None, None),
    ],
)
def test_values_are_rendered(template: Json, value: Json) -> None:
    result = render(template, SCOPE)

    assert result == value
    assert type(result) is type(value)


def test_a_result_is_data_and_is_never_rendered_again() -> None:
    assert render("{{ event.payload.template }}", SCOPE) == "{{ 1 + 1 }}"
    assert render("x {{ event.payload.template }}", SCOPE) == "x {{ 1 + 1 }}"
    nested = render({"a": ["{{ event.payload }}"]}, SCOPE)
    assert nested == {"a": [SCOPE["event"]["payload"]]}  # type: ignore[index, call-overload] # an object


@pytest.mark.parametrize(
    "template",
    [
        "{{ a",
        "{{ 'a }}",
        "{{ }}",
        "{{- 1 }}",
        "{{ 1 -}}",
        "{{ a b }}",
        "{{ {'a': 1 }}",
        "{{ 1 }} and {{",
        "{{ foo() }}",
        "{{ 'x'.upper() }}",
    ],
)
def test_a_broken_template_is_found_when_it_is_saved(template: str) -> None:
    with pytest.raises(InvalidInput):
        compile_template(template)
    assert len(check_template([template])) == 1


def test_problems_name_their_place() -> None:
    value: Json = {"items": ["fine {{ a }}", 1, {"url": "{{ foo() }}"}], "b": "{{ a"}

    problems = check_template(value, where="action_params")

    assert [problem.partition(": ")[0] for problem in problems] == [
        "action_params.items[2].url",
        "action_params.b",
    ]


def test_an_error_while_rendering_names_its_place_and_not_the_value() -> None:
    with pytest.raises(InvalidInput) as refused:
        render({"a": ["{{ secret + 1 }}"]}, {"secret": "hunter2"})

    assert refused.value.message.startswith("a[0]: ")
    assert "hunter2" not in refused.value.message


def test_functions_can_be_brought() -> None:
    assert render("{{ result().a }}", {}, {"result": lambda: {"a": 1}}) == 1
    assert check_template("{{ result() }}") != []
    assert check_template("{{ result() }}", {"result"}) == []


def test_text_stays_text() -> None:
    assert render_text("{{ 1 }}", {}) == "1"
    assert render_text("{{ null }}", {}) == ""


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("{{ a.b }}", "a.b"),
        ("{{ a }}\n", "a"),
        ("{{ a }} ", None),
        ("{{ a }}{{ b }}", None),
        ("a", None),
        ("", None),
    ],
)
def test_what_is_exactly_one_expression(text: str, source: str | None) -> None:
    assert sole_expression(text) == source


@given(texts.filter(lambda text: not is_template(text)), values)
def test_plain_text_and_any_value_go_through(text: str, value: Any) -> None:
    assert render(text, {}) == text
    assert render("{{ x }}", {"x": value}) == value
    assert render("{{ x }}!", {"x": text}) == text + "!"


@given(st.text("{}'\" a-+%#\\\n", max_size=30))
def test_any_text_is_rendered_or_refused(text: str) -> None:
    problems = check_template(text)
    try:
        render(text, {})
    except InvalidInput as refused:
        assert problems in ([], [refused.message])  # noqa: PT017 - both ways are right
    else:
        assert problems == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(["{{ x }}"] * 9_000, id="a large value many times"),
        pytest.param("{{ x }}" * 2_000, id="a large value many times in a text"),
        pytest.param([f"{{{{ a{n} }}}}" for n in range(9_000)], id="many expressions"),
        pytest.param("".join(f"{{{{a{n}}}}}" for n in range(1_700)), id="many in one"),
        pytest.param("{{ a }}" + "x" * 16_000, id="a long template"),
        pytest.param("{{ " + '"\\"' * 5_000, id="quotes that never close"),
        pytest.param("{{ " + "{" * 15_000, id="braces that never close"),
        pytest.param(["{{ range(9999) }}"] * 9_000, id="much work"),
    ],
)
def test_a_value_with_too_many_templates_is_refused_soon(value: Json) -> None:
    with at_most(0.8), pytest.raises(InvalidInput):
        render(value, {"x": "a" * 250_000})


def test_nested_loops_and_macros_do_not_exist() -> None:
    text = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"

    with at_most(0.1):
        assert render(text, {}) == text
