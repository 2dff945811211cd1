"""What templates read of keys, and which keys they can mean."""

import pytest

from attune.domain.json import Json
from attune.domain.keystore import (
    KeyUse,
    candidates,
    key_paths,
    key_uses,
    keystore_of,
    may_be_own,
)


def test_keys_are_found_with_the_places_where_they_are_read() -> None:
    value: Json = {
        "a": ["Bearer {{ keystore.slack.token }}", "{{ event.keystore }}"],
        "b": "{{ keystore['x.y'] }}{{ 'keystore.none' }}",
        "c": "{{ broken",
    }

    assert key_uses(value, "action_params") == [
        KeyUse("action_params.a[0]", ("slack", "token")),
        KeyUse("action_params.b", ("x.y",)),
    ]
    assert key_paths("nothing") == frozenset()


def test_markers_stand_where_the_paths_lead() -> None:
    markers = {"a.b": "1", "c": "2", "x.y": "3"}

    found = keystore_of(markers, [("a", "b"), ("c",), ("x.y",), ()])

    assert found == {"a": {"b": "1"}, "c": "2", "x.y": "3"}


def test_a_path_may_end_within_the_value_of_a_key() -> None:
    assert candidates(("pack.slack", "token", "user")) == [
        "pack.slack.token.user",
        "pack.slack.token",
        "pack.slack",
        "pack",
    ]


@pytest.mark.parametrize(
    ("path", "own"),
    [
        (("token",), True),
        (("slack", "token"), True),
        (("pack", "slack", "token"), True),
        (("action", "slack", "post", "token"), True),
        (("pack.slack.token",), True),
        (("pack", "github", "token"), False),
        (("system", "token"), False),
        (("identity", "ada", "token"), False),
    ],
)
def test_a_ref_says_whose_key_it_is(path: tuple[str, ...], *, own: bool) -> None:
    assert may_be_own(path, "slack") is own
