"""What a fetch may connect to, by number."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.images.guard import ForbiddenAddress, is_public, socket_factory

INNER = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.9.10", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.5", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
]  # fmt: skip
OUTER = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1"]


def carriers(v4: str) -> dict[str, str]:
    """IPv6 addresses that lead to an IPv4 one."""
    number = int(ipaddress.IPv4Address(v4))
    high, low = number >> 16, number & 0xFFFF
    return {
        "mapped": f"::ffff:{v4}",
        "compatible": f"::{high:x}:{low:x}",
        "translated": f"::ffff:0:{high:x}:{low:x}",
        "nat64": f"64:ff9b::{high:x}:{low:x}",
        "nat64 local": f"64:ff9b:1::{high:x}:{low:x}",
        "6to4": f"2002:{high:x}:{low:x}::1",
        "teredo": f"2001:0:{high:x}:{low:x}::",
        "isatap": f"2606:4700::5efe:{high:x}:{low:x}",
        "isatap global": f"2606:4700::200:5efe:{high:x}:{low:x}",
    }


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_refused_in_every_clothing(address: str) -> None:
    assert not is_public(address)
    assert [name for name, worn in carriers(address).items() if is_public(worn)] == []


@pytest.mark.parametrize("address", OUTER)
def test_outer_addresses_are_taken_and_so_are_the_ways_through_a_gateway(address: str) -> None:
    assert is_public(address)
    worn = carriers(address)
    assert is_public(worn["mapped"])
    assert is_public(worn["nat64"])
    assert not is_public(worn["nat64 local"]), "only its own network knows where that leads"


@pytest.mark.parametrize(
    "address",
    ["::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1",
     "3fff::1", "5f00::1", "100::1", "", "example.org", "127.1", "0x7f.1", "2130706433"],
)  # fmt: skip
def test_other_inner_addresses_are_refused(address: str) -> None:
    assert not is_public(address)


def test_public_ipv6_is_taken() -> None:
    assert is_public("2606:4700:4700::1111")
    assert is_public("2a00:1450:4001:80b::200e")


@given(st.ip_addresses(v=4))
def test_no_clothing_makes_an_inner_address_public(address: ipaddress.IPv4Address) -> None:
    if not is_public(str(address)):
        assert not any(is_public(worn) for worn in carriers(str(address)).values())


@given(st.ip_addresses(v=6))
def test_any_ipv6_address_has_an_answer(address: ipaddress.IPv6Address) -> None:
    assert is_public(str(address)) in {True, False}
    if not address.is_global and address.ipv4_mapped is None and address not in ipaddress.IPv6Network("64:ff9b::/96"):
        assert not is_public(str(address))


def test_the_factory_makes_no_socket_for_an_inner_address() -> None:
    make = socket_factory()
    with pytest.raises(ForbiddenAddress):
        make((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    with pytest.raises(ForbiddenAddress):
        make((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", "/run/docker.sock"))
    make((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))).close()
