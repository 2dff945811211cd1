from collections.abc import Iterable

import pytest

from attune.cli.event_stream import ServerSentEvent, read_events, split_lines


def _events(*chunks: bytes) -> list[ServerSentEvent]:
    return list(read_events(split_lines(chunks)))


def test_an_event_has_its_name_data_and_id() -> None:
    assert _events(b"event: append\nid: 7\ndata: hello\n\n") == [
        ServerSentEvent("append", "hello", "7")
    ]


def test_an_event_without_a_name_is_a_message_and_the_last_id_stays() -> None:
    first, second = _events(b"id: 1\ndata: a\n\ndata: b\n\n")

    assert (first.event, first.id) == ("message", "1")
    assert (second.data, second.id) == ("b", "1")


def test_lines_of_data_are_joined_and_a_final_line_end_survives() -> None:
    (event,) = _events(b"data: one\ndata: two\ndata: \n\n")

    assert event.data == "one\ntwo\n"


def test_comments_and_unknown_fields_say_nothing() -> None:
    assert _events(b": keep-alive\n\nretry: 10\n\n:\n\n") == []


def test_half_an_event_at_the_end_is_dropped() -> None:
    assert _events(b"data: whole\n\ndata: half\n") == [
        ServerSentEvent("message", "whole", "")
    ]


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([b"data: gr\xc3", b"\xbcn\n", b"\n"], id="inside a character"),
        pytest.param([b"data: gr\xc3\xbcn\r", b"\n\r\n"], id="inside a line end"),
    ],
)
def test_bytes_may_be_cut_anywhere(chunks: Iterable[bytes]) -> None:
    assert [event.data for event in _events(*chunks)] == ["grün"]


def test_only_line_feeds_end_a_line() -> None:
    text = "a\x0bb\x0cc\u2028d\x85e\rf"

    (event,) = _events(f"data: {text}\n\n".encode())

    assert event.data == text


def test_bytes_that_are_no_text_do_not_end_the_stream() -> None:
    (event,) = _events(b"data: \xff\n\n")

    assert event.data == "\ufffd"
