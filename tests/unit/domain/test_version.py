"""Constraints on the versions of runtimes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.version import highest_satisfying, parse_version, satisfies

versions = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(
    lambda numbers: ".".join(map(str, numbers))
)


@pytest.mark.parametrize(
    ("constraint", "fits", "does_not"),
    [
        ("3.12", ["3.12", "3.12.0", "3.12.9", "v3.12"], ["3.13", "3.11.9", "4.12"]),
        ("~3.12", ["3.12.9"], ["3.13.0"]),
        ("~3.12.4", ["3.12.4", "3.12.9"], ["3.12.3", "3.13"]),
        ("~3", ["3.0", "3.99"], ["4.0", "2.9"]),
        ("^20", ["20", "20.11.1"], ["21", "19.9"]),
        ("^1.2.3", ["1.2.3", "1.9"], ["1.2.2", "2.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0", ["0.9.9"], ["1.0"]),
        (">=3.12", ["3.12", "3.13", "4"], ["3.11.9"]),
        (">3.12", ["3.13"], ["3.12.9", "3.12"]),
        ("<=3.12", ["3.12.9", "3.1"], ["3.13"]),
        ("<3.12", ["3.11.9"], ["3.12", "3.12.1"]),
        ("=3.12", ["3.12.5"], ["3.13"]),
        ("==3.12.4", ["3.12.4"], ["3.12.5"]),
        ("!=3.12", ["3.13"], ["3.12.1"]),
        (">=3.11, <3.13", ["3.11", "3.12.9"], ["3.13", "3.10"]),
        (">= 3.11 , != 3.12.1", ["3.12.2"], ["3.12.1"]),
        ("3.x", ["3.1"], ["4.0"]),
        ("3.12.*", ["3.12.1"], ["3.13"]),
        ("*", ["0.1", "99"], []),
        ("", ["0.1"], []),
        (">=3.13", ["3.13"], ["3.14.0-rc.1"]),
        (">=3.14.0-rc.1", ["3.14.0-rc.2", "3.14.0"], ["3.14.0-beta.1"]),
    ],
)
def test_a_constraint_lets_through(
    constraint: str, fits: list[str], does_not: list[str]
) -> None:
    assert [version for version in fits if not satisfies(version, constraint)] == []
    assert [version for version in does_not if satisfies(version, constraint)] == []


def test_the_highest_that_fits_wins_as_it_was_written() -> None:
    available = ["3.9", "3.12", "3.11.7", "3.13"]

    assert highest_satisfying(available, ">=3.9, <3.13") == "3.12"
    assert highest_satisfying(available, "") == "3.13"
    assert highest_satisfying(available, "~2.7") is None
    assert highest_satisfying([], "") is None


@pytest.mark.parametrize(
    "text", ["", "x", "3.x.y", "1.2.3.4", "-1", "3,12", "9" * 300, "³", "1.2."]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_version(text)


@pytest.mark.parametrize(
    "constraint", [">", "~>3", "=>3", "3 4", "x" * 300, ">=a", "3||4"]
)
def test_what_is_no_constraint_is_refused(constraint: str) -> None:
    with pytest.raises(InvalidInput):
        satisfies("3.12", constraint)


@given(versions, versions)
def test_the_comparisons_agree(version: str, bound: str) -> None:
    below, equal, above = (satisfies(version, f"{sign}{bound}") for sign in "<=>")

    assert below + equal + above == 1
    assert satisfies(version, f">={bound}") is (equal or above)
    assert satisfies(version, f"<={bound}") is (equal or below)
    assert satisfies(version, f"!={bound}") is not equal
    if satisfies(version, f"~{bound}"):
        assert satisfies(version, f">={bound}")
