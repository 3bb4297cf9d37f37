"""Which network addresses a fetch may connect to: the last line against requests into our own network.

Belongs here: judging an address that is about to be connected to, and the connector's seam. Stays out: URLs. The check
sees every connect after name resolution (redirects, retries, pool refills), so a name that resolves differently the
second time gains nothing.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_V4_COMPATIBLE = ipaddress.IPv6Network("::/96")
_V4_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
#: Global by the registry, but services of clouds and networks answer there.
_NEVER = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's host services
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments; which of them are global differs by Python's version
    ipaddress.IPv4Network("192.88.99.0/24"),  # relays of 6to4
    ipaddress.IPv4Network("100.64.0.0/10"),  # carriers' inner network; a cloud's metadata at 100.100.100.200
    ipaddress.IPv4Network("169.254.0.0/16"),
    # NAT64 of a network's own gateway, which may lead anywhere in it; where it carries the IPv4 address, only the
    # network knows (RFC 6052, 8215).
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("fd00:ec2::/32"),
    ipaddress.IPv6Network("fec0::/10"),
    ipaddress.IPv6Network("5f00::/16"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("3fff::/20"),
)


#: What the refusal says; the connector may wrap it together with the refusals of a name's other addresses.
FORBIDDEN = "is not an address of the open internet"


class ForbiddenAddress(OSError):
    """A connection that must not be made. An ``OSError``, as the connector expects of a socket factory."""


def inner_addresses(address: IPAddress) -> list[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address carries: a gateway on the way may connect to them."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    number = int(address)
    last = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address in _NAT64 or address in _V4_TRANSLATED or (address in _V4_COMPATIBLE and number > 1):
        return [last]
    if address in _SIX_TO_FOUR:
        return [ipaddress.IPv4Address((number >> 80) & 0xFFFFFFFF)]
    if address in _TEREDO:
        server, client = address.teredo or (last, last)
        return [server, client]
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        return [last]
    return []


def is_public(text: str) -> bool:
    """Whether an address, in the form a socket takes, is one of the open internet."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    carried = inner_addresses(address)
    if carried and isinstance(address, ipaddress.IPv6Address) and (address in _NAT64 or address.ipv4_mapped):
        # The gateway's well-known prefix is as good as the address behind it.
        return all(is_public(str(inner)) for inner in carried)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NEVER if network.version == address.version)
        and all(is_public(str(inner)) for inner in carried)
    )


def socket_factory() -> Callable[[Any], socket.socket]:
    """For ``aiohttp.TCPConnector``: makes a socket for a public address, refuses every other.

    Raises (when called):
        ForbiddenAddress: the address is not public.
    """

    def make(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        if family not in (socket.AF_INET, socket.AF_INET6) or not is_public(str(target[0])):
            raise ForbiddenAddress(errno.EACCES, f"{target[0]} {FORBIDDEN}")
        return socket.socket(family, kind, protocol)

    return make
