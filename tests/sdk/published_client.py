"""Calls the published client: a JSON line in is one call, a JSON line out its outcome.

Runs in the virtual environment of the SDK, where `attune` is the SDK and not this
project; hence no import of ours, and no import of it that a type checker could follow.
"""

import base64
import enum
import io
import json
import sys
import traceback
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

CLIENT = import_module("attune.api_client")
MODELS = import_module("attune.api_client.models")
TYPES = import_module("attune.api_client.types")


def call(order: Mapping[str, Any]) -> dict[str, Any]:
    """Call one operation and tell what the client made of the answer."""
    module = import_module(f"attune.api_client.api.{order['operation']}")
    given = {**order["arguments"]}
    arguments = _typed(module.sync_detailed, given)
    with _client(order) as client:
        response = module.sync_detailed(client=client, **arguments)
    parsed = response.parsed
    return {
        "status": int(response.status_code),
        "content": response.content.decode("utf-8", "replace"),
        "kind": type(parsed).__name__,
        "parsed": parsed.to_dict() if hasattr(parsed, "to_dict") else None,
        "problems": list(problems(parsed)),
    }


def _client(order: Mapping[str, Any]) -> Any:
    if token := order["token"]:
        return CLIENT.AuthenticatedClient(base_url=order["url"], token=token)
    return CLIENT.Client(base_url=order["url"])


def _typed(function: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Turn JSON into what the function's signature asks for."""
    hints = typing.get_type_hints(function)
    return {name: _argument(hints[name], value) for name, value in given.items()}


def _argument(hint: Any, value: Any) -> Any:
    for kind in _alternatives(hint):
        if isinstance(kind, type) and hasattr(kind, "from_dict"):
            return _body(kind, value)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return kind(value)
    return value


def _body(model: Any, fields: dict[str, Any]) -> Any:
    for name, kind in model.__annotations__.items():
        if kind == "File":
            content = io.BytesIO(base64.b64decode(fields.pop(name)))
            file = TYPES.File(content, f"{name}.tar.gz", "application/gzip")
            return model(**{name: file}, **fields)
    body = model.from_dict(fields)
    if body.additional_properties:
        raise TypeError(f"{model.__name__} has no {list(body.additional_properties)}")
    return body


def problems(value: Any, hint: Any = Any, where: str = "") -> Iterator[str]:
    """Yield what in the parsed answer is not of the type that the client declares.

    The client itself does not look: what it declares as text may hold a number.
    """
    kinds = _alternatives(hint)
    if not any(_fits(value, kind) for kind in kinds):
        yield f"{where or 'answer'} is {value!r}, not {hint}"
    elif hasattr(type(value), "__attrs_attrs__"):
        yield from _problems_of_model(value, where)
    elif isinstance(value, list):
        for kind in kinds:
            yield from _problems_of_items(value, typing.get_args(kind), where)


def _problems_of_model(model: Any, where: str) -> Iterator[str]:
    names = {**vars(sys.modules[type(model).__module__]), **vars(MODELS)}
    hints = typing.get_type_hints(type(model), names)
    for name, hint in hints.items():
        yield from problems(getattr(model, name), hint, f"{where}.{name}")


def _problems_of_items(
    items: list[Any], kinds: tuple[Any, ...], where: str
) -> Iterator[str]:
    for number, item in enumerate(items):
        for kind in kinds:
            yield from problems(item, kind, f"{where}[{number}]")


def _alternatives(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        return typing.get_args(hint)
    return (hint,)


def _fits(value: Any, kind: Any) -> bool:
    origin = typing.get_origin(kind) or kind
    if origin is typing.Literal:
        return value in typing.get_args(kind)
    if isinstance(value, bool):
        return origin in {bool, Any}
    if isinstance(value, datetime) and value.tzinfo is None:
        return False
    wider: dict[Any, Any] = {float: (int, float), Any: object}
    return isinstance(value, wider.get(origin, origin))


def main() -> None:
    """Answer line by line until the input ends."""
    for line in sys.stdin:
        try:
            answer = call(json.loads(line))
        except Exception:  # noqa: BLE001 - the edge of this process: the test hears of it
            answer = {"crash": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
