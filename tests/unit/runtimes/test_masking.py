"""Secrets are taken out of output, however they are spelled or cut into pieces."""

import base64
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.runtimes.masking import Masking

SECRET = 'p"ss wörd/1\n2'


def masked(masking: Masking, *chunks: bytes) -> bytes:
    stream = masking.open()
    return b"".join(map(stream.feed, chunks)) + stream.finish()


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET.encode(),
        b'p\\"ss w\\u00f6rd/1\\n2',
        'p\\"ss wörd/1\\n2'.encode(),
        quote(SECRET, safe="").encode(),
        base64.b64encode(SECRET.encode()),
        'p"ss wörd/1'.encode(),
    ],
)
def test_every_spelling_is_masked(spelling: bytes) -> None:
    assert masked(Masking([SECRET]), b"<" + spelling + b">") == b"<***>"


@given(st.lists(st.integers(0, 40), max_size=6))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    text = b"a hunter2-secret b hunter2 c hunter2-secret"
    edges = [0, *sorted(cuts), len(text)]
    chunks = [text[start:end] for start, end in pairwise(edges)]

    shown = masked(Masking(["hunter2-secret"]), *chunks)

    assert shown == b"a *** b hunter2 c ***"


def test_longer_secret_is_masked_whole() -> None:
    assert masked(Masking(["abcd", "abcdefgh"]), b"abcdefgh abcd") == b"*** ***"


def test_long_secret_costs_little_and_is_masked_in_pieces() -> None:
    secret = "".join(f"{number:07x}" for number in range(100_000))
    text = f"a {secret} b {secret[:-1]}".encode()
    chunks = [text[start : start + 65536] for start in range(0, len(text), 65536)]

    shown = masked(Masking([secret]), *chunks)

    assert shown == f"a *** b {secret[:-1]}".encode()


def test_short_secret_is_not_masked() -> None:
    assert masked(Masking(["1", ""]), b"1 2 3") == b"1 2 3"


def test_without_secrets_nothing_is_held_back() -> None:
    assert Masking([]).open().feed(b"\x00abc") == b"\x00abc"


def test_what_cannot_be_a_secret_is_shown_at_once() -> None:
    assert Masking(["secret-1"]).open().feed(b"progress 10%\n") == b"progress 10%\n"
