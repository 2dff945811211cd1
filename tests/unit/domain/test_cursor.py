"""Cursors: what they cover, how they are written, which is earlier."""

import pytest

from attune.domain.cursor import Cursor, Snapshot, earlier, later
from attune.domain.errors import InvalidInput

OLD = Snapshot(100, 105, (101, 103))
NEW = Snapshot(103, 110, (103, 108))


def test_snapshot_shows_what_had_ended() -> None:
    shown = [xact for xact in range(98, 108) if OLD.shows(xact)]

    assert shown == [98, 99, 100, 102, 104]


def test_cursor_covers_its_base_and_its_part_of_the_target() -> None:
    cursor = Cursor(OLD, NEW, id=7)

    assert cursor.covers(102, 99)  # shown by the base, whatever its id
    assert cursor.covers(101, 7)  # committed since, and given
    assert not cursor.covers(101, 8)  # committed since, and not given yet
    assert not cursor.covers(103, 3)  # a small id that commits late
    assert not cursor.covers(120, 1)


@pytest.mark.parametrize(
    "cursor", [Cursor(OLD), Cursor(OLD, NEW, 12, 1_700_000_000), Cursor(Snapshot(3, 3))]
)
def test_cursor_reads_what_it_wrote(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "1~2~100:105:101,103\n",
        "1~2~105:100:",
        "1~2~100:105:99",
        "1~2~100:105:103,101",
        "1~2~100:105:101,101",
        "1~2~100:105:105",
        "1~2~0:1:",
        "1~2~100:99999999999999999999:",
        "-1~2~100:105:",
        "1~2~100:105:~",
        "1~2~" + "9" * 7000,
        "१~2~100:105:",
    ],
)
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidInput):
        Cursor.parse(text)


def test_later_snapshot_is_the_one_that_shows_more() -> None:
    before, after = Cursor(Snapshot(100, 105, (101,))), Cursor(Snapshot(105, 105))

    assert earlier(after, before) == before
    assert later(before, after) == after
    assert later(Cursor(OLD, NEW, 3), Cursor(OLD, NEW, 5)).id == 5


def test_earlier_of_two_looks_from_one_base_is_the_base() -> None:
    one, other = Cursor(OLD, NEW, 3), Cursor(OLD, Snapshot(110, 110), 2)

    assert earlier(one, other) == Cursor(OLD)
