"""Ports: free ones, and a readable refusal of taken ones."""

import socket

import pytest

from attune.domain.errors import Unavailable
from attune.stack.ports import AUTOMATIC, Ports


def test_automatic_ports_differ() -> None:
    ports = AUTOMATIC.settled("127.0.0.1")

    assert len({ports.api, ports.temporal, ports.temporal_ui}) == 3
    assert 0 not in {ports.api, ports.temporal, ports.temporal_ui}


def test_taken_port_is_named_with_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Unavailable, match=rf"port {port} is taken by .* --port"):
            Ports(api=port, temporal=0, temporal_ui=0).settled("127.0.0.1")


def test_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(Unavailable, match=r"cannot listen on 192\.0\.2\.1 port 8080"):
        Ports().settled("192.0.2.1")
