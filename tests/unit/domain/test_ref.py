"""Refs and labels have one canonical form."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.errors import InvalidInput
from attune.domain.ref import Ref, canonical_label, parse_pack_ref, qualify


@given(
    st.from_regex(r"[a-z][a-z0-9_-]{1,20}\.[a-z0-9_][a-z0-9_-]{0,20}", fullmatch=True)
)
def test_a_ref_is_read_and_written_alike(text: str) -> None:
    if text.partition(".")[0] in ("con", "aux", "nul", "prn"):
        return
    assert str(Ref.parse(text)) == text


@given(st.text(max_size=12))
def test_any_text_is_a_ref_or_refused(text: str) -> None:
    try:
        ref = Ref.parse(text)
    except InvalidInput:
        return
    assert str(ref) == text
    assert text.isascii()
    assert text == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a", "core", "core.", ".echo", "core.echo.x", "Core.echo",
        "core.Echo", "core.echo ", " core.echo", "core.echo\n", "core\n.echo",
        "core.ec ho", "core.écho", "core.e\u0301cho", "\uff43ore.echo", "core.\u200becho",
        "core.\u202eecho", "c\u043ere.echo", "1core.echo", "c.echo", "con.echo",
        "core.echo.", "core..echo", "core/echo", "core.../etc", "co re.echo",
        "core." + "x" * 251, "core.echo\0",
    ],
)  # fmt: skip
def test_what_is_no_canonical_ref_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Ref.parse(text)


@pytest.mark.parametrize("text", ["core", "my_pack", "my-pack2", "x" * 255])
def test_a_pack_ref_is_taken(text: str) -> None:
    assert parse_pack_ref(text) == text


@pytest.mark.parametrize(
    "text", ["c", "Core", "core\n", "com1", "nul", "a.b", "x" * 256]
)
def test_a_pack_ref_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_pack_ref(text)


def test_an_unqualified_ref_belongs_to_its_pack() -> None:
    assert qualify("deploy", "ci") == "ci.deploy"
    assert qualify("core.echo", "ci") == "core.echo"
    with pytest.raises(InvalidInput):
        qualify("a.b.c", "ci")


def test_refs_are_ordered_and_hashable() -> None:
    assert sorted({Ref("b", "a"), Ref("a", "b"), Ref("a", "b")}) == [
        Ref("a", "b"),
        Ref("b", "a"),
    ]


def test_twins_of_a_label_are_one() -> None:
    assert canonical_label("e\u0301") == canonical_label("é") == "é"
    assert canonical_label("  Disk 磁盘 😀 ") == "Disk 磁盘 😀"


@pytest.mark.parametrize(
    "label",
    ["", "  ", "a\0", "a\nb", "a\u200bb", "a\u202eb", "a\u2028b", "\ufeffa", "x" * 256],
)
def test_a_label_that_cannot_be_seen_as_it_is_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput, match=r"^name: "):
        canonical_label(label, "name")


@given(st.text(max_size=20))
def test_a_canonical_label_stays_as_it_is(label: str) -> None:
    try:
        canonical = canonical_label(label)
    except InvalidInput:
        return
    assert canonical_label(canonical) == canonical
    assert unicodedata.is_normalized("NFC", canonical)
