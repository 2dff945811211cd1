"""One YAML document: what it may say and what is refused."""

import pytest

from attune.domain.errors import InvalidInput
from attune.packs.document import parse_document


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("on", "on"),
        ("010", 10),
        ("1:20", "1:20"),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("0x1f", 31),
        ("1e3", 1000.0),
        ("~", None),
        ("", None),
        ('"\\u0041"', "A"),
        ("1_000", "1_000"),
    ],
)
def test_a_plain_word_means_what_yaml_1_2_says(written: str, read: object) -> None:
    assert parse_document(f"value: {written}") == {"value": read}


def test_every_key_is_text() -> None:
    assert parse_document("3.11: a\ntrue: b\n20: c") == {
        "3.11": "a",
        "true": "b",
        "20": "c",
    }


def test_merged_keys_give_way_to_own_ones() -> None:
    text = "base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}"

    assert parse_document(text)["own"] == {"a": 1, "b": 3}


NESTED = "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    for level in range(1, 9)
)
MERGED = "".join(
    f"a{n}: &a{n} {{k{n}: 1, <<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n"
    for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a: !!python/name:os.system", "not supported", id="python"),
        pytest.param("a: !!binary aGk=", "not supported", id="binary"),
        pytest.param("a: .inf", "number", id="infinity"),
        pytest.param("a: .nan", "number", id="not a number"),
        pytest.param("a: 1e400", "number", id="too large a number"),
        pytest.param("a: " + "9" * 5000, "number", id="too long a number"),
        pytest.param("a: 1\na: 2", "duplicate key 'a'", id="key twice"),
        pytest.param("? [a]\n: b", "key must be text", id="list as key"),
        pytest.param("a: " + "[" * 100_000, "deeper", id="deep lists"),
        pytest.param("a: " + "{a: " * 100_000, "deeper", id="deep mappings"),
        pytest.param("? " * 100_000, "deeper", id="deep keys"),
        pytest.param("a: &a [*a]", "deeper", id="circle"),
        pytest.param("a0: &a0 [1]\n" + NESTED, "elements", id="anchor bomb"),
        pytest.param("a0: &a0 {k: 1}\n" + MERGED, "merging", id="merge bomb"),
        pytest.param("a: [" + "1," * 20_000 + "]", "elements", id="wide"),
        pytest.param("a: &a 1\nb: [" + "*a," * 200 + "]", "aliases", id="aliases"),
        pytest.param('a: "\\0"', "NUL", id="NUL"),
        pytest.param("a: \x00", "control", id="control character"),
        pytest.param('a: "\\ud800"', "a", id="half a surrogate pair"),
        pytest.param("- 1", "mapping", id="list"),
        pytest.param("", "mapping", id="nothing"),
        pytest.param("a: 1\n---\nb: 2", "another document", id="two documents"),
        pytest.param("a: [", "line", id="broken"),
    ],
)
@pytest.mark.timeout(10)
def test_hostile_documents_are_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_document(text)
