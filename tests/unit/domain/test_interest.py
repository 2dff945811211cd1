"""Interests: what is given, once, whatever was asked for when."""

from datetime import UTC, datetime

from attune.domain.cursor import Cursor, Snapshot
from attune.domain.interest import Interests
from attune.domain.notification import Filter, Notice

ALL = Filter.parse("all")
EXECUTIONS = Filter.parse("entity_type:execution")


def at(xact: int) -> Cursor:
    return Cursor(Snapshot(xact, xact))


def notice(xact: int, entity_type: str = "execution") -> Notice:
    return Notice(
        id=xact,
        xact=xact,
        entity_type=entity_type,
        entity="1",
        activity="created",
        created=datetime.now(UTC),
    )


def test_filter_counts_from_where_the_follower_stands() -> None:
    interests = Interests()

    assert interests.add(EXECUTIONS, at(10), None) == at(10)

    assert [interests.want(notice(xact)) for xact in (9, 10)] == [False, True]
    assert not interests.want(notice(10, "rule"))


def test_filter_with_a_cursor_goes_back_for_itself_alone() -> None:
    interests = Interests()
    interests.add(EXECUTIONS, at(10), None)

    resumed = interests.add(ALL, at(20), at(5))

    assert resumed == at(5)
    assert interests.want(notice(7, "rule"))
    assert interests.want(notice(7))  # before the first filter counted
    assert not interests.want(notice(15))  # the first filter gave it
    assert interests.want(notice(15, "rule"))
    assert interests.want(notice(20))


def test_two_filters_from_one_cursor_give_each_notification_once() -> None:
    interests = Interests()
    interests.add(EXECUTIONS, at(20), at(5))

    # The first got as far as 12 before the second came.
    assert interests.add(ALL, at(12), at(5)) == at(5)

    wanted = [xact for xact in range(4, 16) if interests.want(notice(xact))]
    assert wanted == [12, 13, 14, 15]
    assert all(interests.want(notice(xact, "rule")) for xact in range(5, 16))


def test_cursor_ahead_of_the_follower_keeps_what_it_covers_away() -> None:
    interests = Interests()

    assert interests.add(ALL, at(10), at(15)) == at(10)

    assert [interests.want(notice(xact)) for xact in (12, 15)] == [False, True]


def test_filter_that_was_taken_back_asks_for_nothing() -> None:
    interests = Interests()
    interests.add(ALL, at(10), None)

    interests.remove(ALL)

    assert not interests.want(notice(11))
