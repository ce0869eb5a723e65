# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that people type: what they mean, and one sentence where they do not."""

import socket

import pytest

from vitpose_blender.streaming import address
from vitpose_blender.streaming.address import is_this_machine, listening, target
from vitpose_blender.streaming.errors import StreamError


def answers(monkeypatch, *found):
    """Let the name service answer with these families and addresses."""
    entries = [(family, socket.SOCK_DGRAM, 17, "", where) for family, where in found]
    monkeypatch.setattr(address.socket, "getaddrinfo", lambda *_, **__: entries)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "192.0.2.7"])
def test_ipv4_literals(host):
    for endpoint in (listening(host, 9000), target(host, 9000)):
        assert endpoint.family == socket.AF_INET
        assert endpoint.sockaddr == (host, 9000)
        assert str(endpoint) == f"{host}:9000"


@pytest.mark.parametrize("host", ["::1", "::", "2001:db8::7"])
def test_ipv6_literals(host):
    if not socket.has_ipv6:
        pytest.skip("this Python knows no IPv6")
    for endpoint in (listening(host, 9000), target(host, 9000)):
        assert endpoint.family == socket.AF_INET6
        assert str(endpoint) == f"[{host}]:9000"


def test_a_name_is_sent_to_where_a_receiver_waits_by_default(monkeypatch):
    answers(
        monkeypatch,
        (socket.AF_INET6, ("::1", 9000, 0, 0)),
        (socket.AF_INET, ("127.0.0.1", 9000)),
    )
    assert target("studio", 9000).sockaddr == ("127.0.0.1", 9000)


def test_a_name_with_ipv6_only_is_sent_to_there(monkeypatch):
    answers(monkeypatch, (socket.AF_INET6, ("::1", 9000, 0, 0)))
    assert target("studio", 9000).family == socket.AF_INET6


@pytest.mark.parametrize(
    "host", ["", "studio", "localhost", "1.2.3.4.5", "a..b", "x" * 300, "\0", "\ud800"]
)
def test_only_addresses_are_listened_at(host):
    with pytest.raises(StreamError, match=r"is not an IP address.*: give 127\.0\.0\.1"):
        listening(host, 9000)


@pytest.mark.parametrize("host", ["", "a..b", "x" * 300, "\0", "\ud800", "no such"])
def test_a_host_that_nobody_knows_is_one_sentence(host):
    with pytest.raises(StreamError, match=r"There is no host .*: check the name"):
        target(host, 9000)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_port_that_is_none_is_one_sentence(port):
    for look_up in (listening, target):
        with pytest.raises(StreamError, match=f"{port} is not a port: give a number"):
            look_up("127.0.0.1", port)


def test_the_system_may_choose_where_to_listen_but_not_where_to_send():
    assert listening("127.0.0.1", 0)
    with pytest.raises(StreamError, match="0 is not a port"):
        target("127.0.0.1", 0)


@pytest.mark.parametrize("host", ["192.0.2.7", "fe80::1%eth0", "studio", ""])
def test_other_machines_are_not_this_one(host):
    assert not is_this_machine(host)
