"""How many executions one workflow run carries."""

from hypothesis import given
from hypothesis import strategies as st

from attune.domain.hosting import ALONE_UP_TO, QUEUE_IS_LONG, group_executions


@given(st.integers(0, 500), st.integers(1, 100), st.integers(0, 50))
def test_every_execution_is_carried_once_and_in_order(
    count: int, largest: int, queued: int
) -> None:
    groups = group_executions(range(count), largest, queued)

    assert [item for group in groups for item in group] == list(range(count))
    assert all(1 <= len(group) <= largest for group in groups)


def test_little_waiting_gets_a_run_each() -> None:
    assert [len(g) for g in group_executions(range(ALONE_UP_TO), 25)] == [1] * 4


def test_much_waiting_shares_runs() -> None:
    assert [len(g) for g in group_executions(range(100), 25)] == [25] * 4


def test_behind_a_long_queue_even_little_shares_a_run() -> None:
    assert [len(g) for g in group_executions(range(4), 25, QUEUE_IS_LONG)] == [4]
