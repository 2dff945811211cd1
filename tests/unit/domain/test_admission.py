"""Who goes on, who waits and for what: never above a limit, the oldest first."""

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attune.domain.admission import Alike, Bound, Decision, Queue, bounds_of, decide
from attune.domain.policy import (
    Limit,
    LimitKind,
    PolicyMethod,
    PolicyScope,
    PolicyTerms,
)

_ids = count(1)


def limit(most: int, *parameters: str, ref: str = "p.one", **more: object) -> Limit:
    return Limit(ref, LimitKind.RUNNING, most, parameters=parameters, **more)  # type: ignore[arg-type]  # a builder of ours


def starts(most: int, ref: str = "p.rate") -> Limit:
    return Limit(ref, LimitKind.STARTS, most, window_seconds=60)


def policy(*limits: Limit, **terms: object) -> PolicyTerms:
    defaults = {"scope": PolicyScope.ACTION, "action_ref": "p.run"}
    if terms.get("scope") is PolicyScope.PACK:
        defaults = {"pack_ref": "p"}
    number = next(_ids)
    return PolicyTerms(
        **{"id": number, "ref": f"p.{number}", **defaults, **terms},  # type: ignore[arg-type]  # as above
        limits=limits,
    )


def alike(action_ref: str = "p.run", **values: str | None) -> Alike:
    return Alike(action_ref, "p", runs_code=True, values=tuple(values.items()))


def of(*limits: Limit) -> tuple[Bound, ...]:
    """Return bounds of one group."""
    return tuple(Bound(each, ()) for each in limits)


def test_the_oldest_are_admitted_up_to_the_limit() -> None:
    one = of(limit(3))

    decision = decide([Queue(one, [4, 5, 6, 7])], {one[0]: 1})

    assert decision == Decision(admitted=[4, 5], waiting={one[0]: [6, 7]})


def test_without_any_bound_everything_is_admitted() -> None:
    assert decide([Queue((), [2, 1])], {}).admitted == [2, 1]


def test_a_limit_of_0_lets_nothing_run() -> None:
    [none] = of(limit(0))

    assert decide([Queue((none,), [1])], {}).waiting == {none: [1]}


def test_more_than_the_limit_may_run_already() -> None:
    [lowered] = of(limit(1))

    assert decide([Queue((lowered,), [1])], {lowered: 5}).admitted == []


def test_what_is_beyond_a_limit_that_cancels_is_cancelled() -> None:
    [hard] = of(limit(1, method=PolicyMethod.CANCEL))

    decision = decide([Queue((hard,), [1, 2])], {})

    assert decision == Decision(admitted=[1], cancelled={hard: [2]})


@pytest.mark.parametrize(("first", "method"), [(0, "waiting"), (1, "cancelled")])
def test_the_weightiest_violated_policy_decides(first: int, method: str) -> None:
    both = of(limit(0, ref="p.soft"), limit(0, method=PolicyMethod.CANCEL))

    decision = decide([Queue((both[first], both[1 - first]), [1])], {})

    assert getattr(decision, method) == {both[first]: [1]}


def test_groups_are_counted_apart() -> None:
    by_host = limit(1, "host")
    a, b = Bound(by_host, ('"a"',)), Bound(by_host, ('"b"',))

    decision = decide([Queue((a,), [1, 3]), Queue((b,), [2])], {})

    assert decision == Decision(admitted=[1, 2], waiting={a: [3]})


def test_a_long_queue_for_one_limit_does_not_hold_up_who_passes_only_another() -> None:
    narrow, wide = of(limit(1, ref="p.narrow"), limit(4, ref="p.wide"))
    slow = Queue((narrow, wide), range(1, 11))
    other = Queue((wide,), [20, 21, 22])

    decision = decide([slow, other], {narrow: 1, wide: 1})

    # The next in the queue keeps its place: it goes on after what runs now.
    assert decision.admitted == [20, 21]
    assert decision.waiting == {narrow: list(range(1, 11)), wide: [22]}


def test_who_waits_for_time_to_pass_keeps_no_place_elsewhere() -> None:
    rate, wide = of(starts(1), limit(1))

    decision = decide([Queue((rate, wide), [1]), Queue((wide,), [2])], {rate: 1})

    assert decision == Decision(admitted=[2], waiting={rate: [1]})


def test_what_a_switched_off_action_waits_for_holds_up_nobody() -> None:
    off, wide = of(limit(0, ref="p.off"), limit(1))

    decision = decide([Queue((off, wide), [1]), Queue((wide,), [2])], {})

    assert decision.admitted == [2]


def test_who_needs_two_places_is_not_overtaken_at_either_of_them() -> None:
    host, service = limit(1, "host"), limit(1, "service", ref="p.two")
    h1, h2 = Bound(host, ("1",)), Bound(host, ("2",))
    s1, s2 = Bound(service, ("1",)), Bound(service, ("2",))
    waits = Queue((h1, s1), [1])

    first = decide([waits, Queue((h2, s1), [2])], {h1: 1})
    second = decide([waits, Queue((h1, s2), [3])], {s1: 1})

    assert first.admitted == second.admitted == []


def test_scopes_reach_as_far_as_they_say() -> None:
    narrow = policy(limit(1))
    pack = policy(limit(1), scope=PolicyScope.PACK)
    everything = policy(limit(1), scope=PolicyScope.GLOBAL, action_ref=None)
    found = [narrow, pack, everything]

    reached = [
        len(bounds_of(found, Alike(*facts, values=())))
        for facts in (
            ("p.run", "p", True),
            ("p.other", "p", True),
            ("q.run", "q", True),
            ("p.run", "p", False),
        )
    ]

    # A workflow would take the place that its own tasks wait for.
    assert reached == [3, 2, 1, 1]


def test_policies_are_asked_by_priority_then_narrowness_then_age() -> None:
    pack = policy(limit(1, ref="p.pack"), scope=PolicyScope.PACK)
    old = policy(limit(1, ref="p.old"))
    new = policy(limit(1, ref="p.new"))
    first = policy(limit(1, ref="p.first"), scope=PolicyScope.PACK, priority=1)

    bounds = bounds_of([pack, old, new, first], alike())

    names = [bound.limit.policy_ref for bound in bounds]
    assert names == ["p.first", "p.new", "p.old", "p.pack"]


def test_a_group_is_the_values_of_its_parameters() -> None:
    by_both = policy(limit(1, "host.name", "zone"))

    [bound] = bounds_of([by_both], alike(**{"zone": '"z"', "host.name": '"a"'}))

    assert bound.group == ('"a"', '"z"')


# Two actions of a pack under an action's, a pack's and a global limit, some in groups.
limits_drawn = st.tuples(
    st.integers(1, 4),
    st.sampled_from([(), ("x",), ("y",), ("x", "y")]),
)
policies_drawn = st.lists(
    st.tuples(st.sampled_from(["p.a", "p.b", "pack", "global"]), limits_drawn),
    max_size=4,
).map(
    lambda drawn: [
        policy(limit(most, *names, ref=f"p.{n}"), **_scope(where))
        for n, (where, (most, names)) in enumerate(drawn)
    ]
)
executions_drawn = st.lists(
    st.builds(
        lambda action, x, y: alike(action, x=x, y=y),
        st.sampled_from(["p.a", "p.b"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["1", None]),
    ),
    max_size=30,
)


def _scope(where: str) -> dict[str, object]:
    if where == "pack":
        return {"scope": PolicyScope.PACK}
    if where == "global":
        return {"scope": PolicyScope.GLOBAL, "action_ref": None}
    return {"action_ref": where}


def queues_of(bounds: dict[int, tuple[Bound, ...]]) -> list[Queue]:
    grouped: dict[tuple[Bound, ...], list[int]] = {}
    for execution_id, those in bounds.items():
        grouped.setdefault(those, []).append(execution_id)
    return [Queue(those, sorted(ids)) for those, ids in grouped.items()]


def usage(bounds: Sequence[tuple[Bound, ...]]) -> dict[Bound, int]:
    used: dict[Bound, int] = {}
    for those in bounds:
        for bound in those:
            used[bound] = used.get(bound, 0) + 1
    return used


@given(policies_drawn, executions_drawn, st.randoms(use_true_random=False))
def test_all_get_their_turn_and_no_limit_is_ever_exceeded(
    policies: list[PolicyTerms], executions: list[Alike], dice: object
) -> None:
    waiting = {n: bounds_of(policies, each) for n, each in enumerate(executions)}
    running: dict[int, tuple[Bound, ...]] = {}
    for _ in range(10 * len(executions) + 1):
        before = dict(waiting)
        decision = decide(queues_of(waiting), usage(list(running.values())))
        running |= {each: waiting.pop(each) for each in decision.admitted}

        for bound, number in usage(list(running.values())).items():
            assert number <= bound.limit.most
        assert_nobody_was_overtaken(before, decision.admitted)
        assert waiting.keys() == {i for ids in decision.waiting.values() for i in ids}
        if running:
            running.pop(dice.choice(sorted(running)))  # type: ignore[attr-defined]  # hypothesis' own
    assert not waiting


def assert_nobody_was_overtaken(
    waiting: dict[int, tuple[Bound, ...]], admitted: list[int]
) -> None:
    """Check that nobody older under the same bounds, or under fewer, still waits."""
    for younger in admitted:
        overtaken = [
            older
            for older, bounds in waiting.items()
            if older < younger
            and older not in admitted
            and set(bounds) <= set(waiting[younger])
        ]
        assert overtaken == []


@given(policies_drawn, executions_drawn, executions_drawn)
def test_whoever_has_room_waits_only_behind_others(
    policies: list[PolicyTerms], executions: list[Alike], live: list[Alike]
) -> None:
    waiting = {n: bounds_of(policies, each) for n, each in enumerate(executions)}
    used = usage([bounds_of(policies, each) for each in live])

    decision = decide(queues_of(waiting), used)

    alone = {n for n in waiting if decide([Queue(waiting[n], [n])], used).admitted}
    assert set(decision.admitted) <= alone
    # Nobody is before the oldest, and somebody is before whoever waits for no room.
    assert (0 in alone) == (0 in decision.admitted)
    for each in alone.difference(decision.admitted):
        assert any(set(waiting[each]) & set(waiting[older]) for older in range(each))
