"""Regular expressions that cannot hold anyone up."""

import pytest

from attune.domain.errors import InvalidInput
from attune.domain.pattern import compile_pattern
from tests.support.cpu_time import at_most


@pytest.mark.parametrize(
    ("source", "text"),
    [("b+", "abbc"), ("^a", "abc"), (r"\d{3}", "x123"), ("ä", "bär"), ("", "")],
)
def test_a_pattern_is_found_anywhere(source: str, text: str) -> None:
    assert compile_pattern(source).matches(text)


@pytest.mark.parametrize(
    "source",
    [
        "(", "[", "a{2,1}", "*", "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "a" * 1_001,
        "a{1000}{1000}", "((a{1,100}){1,100}){1,100}", "\ud800", r"[\pL\pN]{200}",
    ],
)  # fmt: skip
def test_what_cannot_be_searched_in_linear_time_is_refused(source: str) -> None:
    with at_most(0.2), pytest.raises(InvalidInput) as refused:
        compile_pattern(source)
    assert "regular expression" in refused.value.message


@pytest.mark.parametrize("source", ["(a+)+$", "(a|a)*b", "(.*a){12}b", "(x+x+)+y"])
def test_a_bomb_for_other_engines_is_harmless(source: str) -> None:
    with at_most(0.2):
        compile_pattern(source).matches("a" * 100_000 + "!")


def test_the_cost_grows_with_the_text_and_the_pattern() -> None:
    short, long = compile_pattern("a"), compile_pattern("a{500}")

    assert short.cost("x" * 100) < short.cost("x" * 10_000)
    assert short.cost("x" * 10_000) < long.cost("x" * 10_000)
