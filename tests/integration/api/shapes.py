"""What clients can read: every field there, of its kind."""

from collections.abc import Mapping
from typing import Any


def assert_shape(shown: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
    """Fail for a field that is missing or of another kind; more fields are fine."""
    for name, kind in shape.items():
        assert name in shown, f"{name} is missing"
        assert isinstance(shown[name], kind), f"{name}: {shown[name]!r}"
