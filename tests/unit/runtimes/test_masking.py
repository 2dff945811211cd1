"""Secrets are taken out of output, however they are spelled or cut into pieces."""

import base64
from itertools import pairwise
from urllib.parse import quote, quote_plus

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
        base64.b64encode(SECRET.encode()).rstrip(b"="),
        SECRET.encode().hex().encode(),
        SECRET.encode().hex().upper().encode(),
        quote_plus(SECRET).encode(),
        b"p%22ss%20w%c3%b6rd%2f1%0a2",
        "p&quot;ss wörd/1\n2".encode(),
        'p"ss wörd/1'.encode(),
    ],
)
def test_every_spelling_is_masked(spelling: bytes) -> None:
    assert masked(Masking([SECRET]), b"<" + spelling + b">") == b"<***>"


def test_base64_for_urls_is_masked() -> None:
    secret = "subjects?>>>?>"
    spelled = base64.urlsafe_b64encode(secret.encode())

    assert spelled != base64.b64encode(secret.encode())
    assert masked(Masking([secret]), b"<" + spelled + b">") == b"<***>"


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "user::"])
@pytest.mark.parametrize("behind", ["", "!", "!!", "\n"])
def test_a_secret_within_a_longer_base64_is_masked(before: str, behind: str) -> None:
    longer = base64.b64encode(f"{before}hunter2-secret{behind}".encode())
    core = base64.b64encode(b"hunter2-secret")[6:12]

    shown = masked(Masking(["hunter2-secret"]), longer)

    assert b"***" in shown
    assert core not in shown
    assert len(shown) <= len(longer) - 14


@pytest.mark.parametrize("width", [1, 3, 7, 10])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_secret_that_is_broken_over_lines_is_masked(width: int, newline: str) -> None:
    text = "a hunter2-secret b"
    broken = newline.join(text[at : at + width] for at in range(0, len(text), width))

    shown = Masking(["hunter2-secret"]).apply(broken.encode())

    assert shown.replace(b"\n", b"").replace(b"\r", b"") == b"a *** b"


def test_a_wrapped_base64_is_masked_although_it_comes_line_by_line() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    wrapped = base64.encodebytes(b"x" * 50 + secret.encode() + b"y" * 50)
    lines = wrapped.splitlines(keepends=True)

    shown = masked(Masking([secret]), *lines)

    assert len(lines) > 1
    assert b"***" in shown
    assert shown.startswith(wrapped[:60])
    joined = shown.replace(b"\n", b"")
    assert base64.b64encode(secret.encode())[8:24] not in joined


def test_the_beginning_of_a_secret_at_the_end_of_output_is_masked() -> None:
    assert masked(Masking(["hunter2-secret"]), b"it is hunter2-s") == b"it is ***"
    assert masked(Masking(["hunter2-secret"]), b"the hunt") == b"the hunt"


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

    assert shown == b"a *** b ***"


def test_short_secret_is_not_masked() -> None:
    assert masked(Masking(["1", ""]), b"1 2 3") == b"1 2 3"


def test_without_secrets_nothing_is_held_back() -> None:
    assert Masking([]).open().feed(b"\x00abc") == b"\x00abc"


def test_what_cannot_be_a_secret_is_shown_at_once() -> None:
    assert Masking(["secret-1"]).open().feed(b"progress 10%\n") == b"progress 10%\n"
