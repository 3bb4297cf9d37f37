"""One request: what hosts answer, limits, redirects, and what must not be connected to."""

from __future__ import annotations

import asyncio
import gzip
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.fakes.image_server import Answer, ImageHost, image_host, picture
from vitrina.images.addresses import Address, AddressRules, parse, parse_hosts
from vitrina.images.fetch import Fetched, Fetcher
from vitrina.images.reasons import Reason


class Lying(AbstractResolver):
    """Names lead where it says, one answer after the other."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        address = self.addresses[min(self.asked, len(self.addresses) - 1)]
        self.asked += 1
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        pass


def ask(url: str, *hosts: ImageHost, seconds: float = 120, max_bytes: int = 1_000_000, **options: Any) -> Fetched:
    rules = AddressRules(allowed=parse_hosts(",".join(host.host for host in hosts)))
    tags = {name: options.pop(name) for name in ("etag", "last_modified") if name in options}

    async def work() -> Fetched:
        async with Fetcher(rules, max_bytes=max_bytes, seconds=seconds, **options) as fetcher:
            return await fetcher.fetch(parse(url, rules), **tags)

    return asyncio.run(work())


def test_the_bytes_come_with_their_tags(host: ImageHost) -> None:
    body = picture()
    host.put("a.jpg", body, headers={"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT"})
    found = ask(host.url("a.jpg"), host)
    assert (found.data, found.reason) == (body, None)
    assert found.etag
    assert found.last_modified.startswith("Mon, 01 Jun")
    again = ask(host.url("a.jpg"), host, etag=found.etag, last_modified=found.last_modified)
    assert again.unchanged
    assert again.data == b""


def test_a_request_tells_nothing_of_this_machine(host: ImageHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    host.put("a.jpg", picture(), headers={"Set-Cookie": "a=b"})
    for _ in range(2):
        assert ask(host.url("a.jpg"), host).reason is None
    for headers in host.headers_seen:
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)
        assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.NOT_FOUND), (410, Reason.NOT_FOUND), (400, Reason.HTTP_ERROR), (401, Reason.FORBIDDEN),
        (403, Reason.FORBIDDEN), (451, Reason.FORBIDDEN), (408, Reason.RATE_LIMITED), (429, Reason.RATE_LIMITED),
        (500, Reason.SERVER_ERROR), (502, Reason.SERVER_ERROR), (503, Reason.SERVER_ERROR), (304, Reason.HTTP_ERROR),
        (206, Reason.HTTP_ERROR), (302, Reason.HTTP_ERROR),
    ],
)  # fmt: skip
def test_each_status_has_its_reason(host: ImageHost, status: int, reason: Reason) -> None:
    host.answers["/a.jpg"] = Answer(picture(), status)
    assert ask(host.url("a.jpg"), host).reason is reason


def test_a_host_says_when_to_come_back(host: ImageHost) -> None:
    host.answers["/seconds"] = Answer(b"", 429, {"Retry-After": "17"})
    later = format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)
    host.answers["/date"] = Answer(b"", 503, {"Retry-After": later})
    host.answers["/nonsense"] = Answer(b"", 503, {"Retry-After": "soon"})
    host.answers["/century"] = Answer(b"", 429, {"Retry-After": "9" * 12})
    assert ask(host.url("seconds"), host).retry_after == 17
    assert 1000 < (ask(host.url("date"), host).retry_after or 0) <= 1200
    assert ask(host.url("nonsense"), host).retry_after is None
    assert ask(host.url("century"), host).retry_after == 86_400


def test_pages_in_place_of_pictures_are_known_by_their_beginning(host: ImageHost) -> None:
    for body in (b"<!DOCTYPE html>" + b" " * 900_000, b'{"error": 1}', "﻿ошибка: нет такого файла".encode(), b"[]"):
        host.put("a.jpg", body, headers={"Content-Type": "image/jpeg"})
        assert ask(host.url("a.jpg"), host).reason is Reason.NOT_AN_IMAGE
    host.put("a.jpg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>')
    assert ask(host.url("a.jpg"), host).reason is Reason.FORMAT_NOT_TAKEN
    host.put("a.jpg", b"")
    assert ask(host.url("a.jpg"), host).reason is Reason.EMPTY
    host.put("a.jpg", picture(), headers={"Content-Type": "text/html"})
    assert ask(host.url("a.jpg"), host).reason is None, "what a host calls it does not matter"


def test_too_many_bytes_are_not_read_whatever_was_promised(host: ImageHost) -> None:
    large = b"\xff\xd8\xff" + bytes(300_000)
    host.put("promised.jpg", large)
    host.answers["/streamed.jpg"] = Answer(large, chunked=True)
    host.answers["/squeezed.jpg"] = Answer(gzip.compress(bytes(60_000_000)), headers={"Content-Encoding": "gzip"})
    for path in ("promised.jpg", "streamed.jpg", "squeezed.jpg"):
        assert ask(host.url(path), host, max_bytes=200_000).reason is Reason.TOO_LARGE, path


def test_compression_that_nobody_asked_for_is_undone(host: ImageHost) -> None:
    body = picture()
    host.answers["/a.jpg"] = Answer(gzip.compress(body), headers={"Content-Encoding": "gzip"})
    host.answers["/cut.jpg"] = Answer(gzip.compress(body)[:-20], headers={"Content-Encoding": "gzip"})
    host.answers["/odd.jpg"] = Answer(body, headers={"Content-Encoding": "br"})
    host.answers["/false.jpg"] = Answer(body, headers={"Content-Encoding": "gzip"})
    assert ask(host.url("a.jpg"), host).data == body
    assert ask(host.url("cut.jpg"), host).reason is Reason.CUT_OFF
    assert ask(host.url("odd.jpg"), host).reason is Reason.HTTP_ERROR
    assert ask(host.url("false.jpg"), host).reason is Reason.HTTP_ERROR


def test_fewer_bytes_than_promised_are_a_cut_off_file(host: ImageHost) -> None:
    host.answers["/a.jpg"] = Answer(picture(), cut=100)
    assert ask(host.url("a.jpg"), host).reason is Reason.CUT_OFF


def test_a_slow_host_has_a_deadline(host: ImageHost) -> None:
    host.answers["/a.jpg"] = Answer(picture(), seconds=600)
    assert ask(host.url("a.jpg"), host, seconds=0.3).reason is Reason.TIMED_OUT


def test_a_host_that_is_not_there_is_unreachable(host: ImageHost) -> None:
    host.down = True
    assert ask(host.url("a.jpg"), host).reason is Reason.UNREACHABLE
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = ImageHost(port=free.getsockname()[1])
        assert ask(gone.url("a.jpg"), gone).reason is Reason.UNREACHABLE


def test_redirects_are_followed_three_times(host: ImageHost) -> None:
    body = picture()
    host.put("3", body)
    for step in (0, 1, 2):
        host.answers[f"/{step}"] = Answer(b"", 302, {"Location": f"/{step + 1}"})
    assert ask(host.url("0"), host).data == body
    host.answers["/loop"] = Answer(b"", 301, {"Location": "/loop"})
    assert ask(host.url("loop"), host).reason is Reason.TOO_MANY_REDIRECTS
    assert host.asked["/loop"] == 4


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{other}/secret", "http://169.254.169.254/latest/meta-data/", "http://[::1]:{other}/secret",
        "http://localhost:{other}/secret", "file:///etc/passwd", "ftp://127.0.0.1/x", "//127.0.0.1:{other}/secret",
        "http://user:pw@127.0.0.1:{other}/secret", "http://[::ffff:127.0.0.1]/secret", "http://127.1/secret",
        "http://0x7f.1/secret", "http://2130706433/secret", "http://0/secret", "gopher://127.0.0.1:{other}/_x",
        "http://[64:ff9b::7f00:1]/secret",
    ],
)  # fmt: skip
def test_a_redirect_into_our_network_is_not_followed(host: ImageHost, target: str) -> None:
    with image_host() as inner:
        inner.put("secret", picture())
        host.answers["/a.jpg"] = Answer(b"", 302, {"Location": target.format(other=inner.port)})
        found = ask(host.url("a.jpg"), host)
        assert found.reason in {Reason.FORBIDDEN_ADDRESS, Reason.BAD_URL, Reason.UNREACHABLE}
        assert found.data == b""
        assert not inner.asked


@pytest.mark.parametrize(
    "name",
    ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "169.254.169.254", "10.0.0.1",
     "100.64.0.1", "[fe80::1]", "[fd00:ec2::254]", "224.0.0.1", "192.168.0.1", "127.0.0.1.", "１２７.0.0.1"],
)  # fmt: skip
def test_numbers_of_our_network_are_not_connected_to(name: str) -> None:
    """Asked with the port of a server that listens there, if the guard let it through."""
    rules = AddressRules()

    async def work() -> Fetched:
        async with Fetcher(rules, max_bytes=1000, seconds=120) as fetcher:
            return await fetcher.fetch(Address(f"http://{name}/x", f"{name}:80"))

    found = asyncio.run(work())
    assert found.reason in {Reason.FORBIDDEN_ADDRESS, Reason.BAD_URL, Reason.UNREACHABLE}
    if name.startswith(("127.0.0.1", "[", "10.", "169.", "100.", "192.")) and not name.endswith("."):
        assert found.reason is Reason.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "64:ff9b::7f00:1", "fd00::1"])
def test_a_name_that_leads_into_our_network_is_not_connected_to(address: str) -> None:
    resolver = Lying(address)
    assert ask("http://shop.com/a.jpg", resolver=resolver).reason is Reason.FORBIDDEN_ADDRESS
    assert resolver.asked == 1


def test_a_name_that_changes_its_mind_gains_nothing(host: ImageHost) -> None:
    """A name that was public when it was looked at, and leads to loopback when it is connected to."""
    resolver = Lying("127.0.0.1")
    host.put("a.jpg", picture())
    rules = AddressRules(allowed=frozenset({host.host}))

    async def work() -> Fetched:
        async with Fetcher(rules, max_bytes=1000, seconds=5, resolver=resolver) as fetcher:
            return await fetcher.fetch(Address(f"http://shop.com:{host.port}/a.jpg", f"shop.com:{host.port}"))

    assert asyncio.run(work()).reason is Reason.FORBIDDEN_ADDRESS
    assert not host.asked


def test_the_allow_list_opens_one_host_and_port_and_not_its_redirects(host: ImageHost) -> None:
    with image_host() as inner:
        inner.put("a.jpg", picture())
        host.answers["/a.jpg"] = Answer(b"", 302, {"Location": inner.url("a.jpg")})
        assert ask(host.url("a.jpg"), host).reason is Reason.FORBIDDEN_ADDRESS
        assert ask(host.url("a.jpg"), host, inner).reason is None


def test_the_connector_is_the_one_with_the_guard() -> None:
    """A change of aiohttp that drops the seam must not pass unseen."""

    async def work() -> None:
        async with Fetcher(AddressRules(), max_bytes=1, seconds=120) as fetcher:
            with pytest.raises(aiohttp.ClientConnectorError, match="not an address of the open internet"):
                await fetcher._guarded.get("http://127.0.0.1:1/")

    asyncio.run(work())
