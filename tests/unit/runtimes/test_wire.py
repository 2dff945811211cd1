"""What worker and keeper say to each other survives the way."""

from hypothesis import given
from hypothesis import strategies as st

from attune.runtimes.supervisor import wire

BYTES = st.binary().map(lambda raw: raw.replace(b"\0", b""))
NAMES = BYTES.map(lambda raw: raw.replace(b"=", b"") or b"N")


@given(
    st.lists(BYTES, min_size=1),
    BYTES,
    st.dictionaries(NAMES, BYTES),
    st.integers(0, 19),
)
def test_order_survives(
    argv: list[bytes], cwd: bytes, environment: dict[bytes, bytes], nice: int
) -> None:
    order = wire.Order.unpack(wire.Order(argv, cwd, environment, nice).pack())

    assert (order.argv, order.cwd, order.environment, order.nice) == (
        argv,
        cwd,
        environment,
        nice,
    )


@given(st.lists(st.tuples(st.sampled_from([b"A", b"B"]), st.binary())), st.integers(1))
def test_frames_survive_any_cutting(sent: list[tuple[bytes, bytes]], size: int) -> None:
    stream = b"".join(wire.frame(kind, body) for kind, body in sent)
    frames = wire.Frames()
    received = []

    for start in range(0, len(stream), size):
        frames.feed(stream[start : start + size])
        while (frame := frames.take()) is not None:
            received.append(frame)

    assert received == sent
