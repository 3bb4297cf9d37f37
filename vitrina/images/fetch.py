"""One address, asked once: the bytes, or a named reason.

Belongs here: the request, redirects, limits of size and time, what an answer means. Stays out: which addresses and when
(``downloading``), whether the bytes are a picture (``codec``).

No proxy, cookie or credential of this machine is used; redirects are followed by hand, each judged anew; compression
is not asked for, and undone within the limit where a server insists.
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from vitrina.images.addresses import Address, AddressRules, BadAddress, parse
from vitrina.images.guard import FORBIDDEN, socket_factory
from vitrina.images.reasons import Reason
from vitrina.images.sniffing import HEAD, is_text, sniff

MAX_REDIRECTS = 3
CONNECT_SECONDS = 10.0
_AGENT = "Mozilla/5.0 (compatible; Vitrina/0.1; product pictures)"
_REDIRECTS = {301, 302, 303, 307, 308}
_PATIENT = {408, 425, 429}
_DEFAULT_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: ``data``, or ``unchanged`` since the tags that were given, or a ``reason``."""

    data: bytes = b""
    unchanged: bool = False
    reason: Reason | None = None
    message: str = ""
    etag: str = ""
    last_modified: str = ""
    #: Seconds that the host asked for.
    retry_after: float | None = None


class _Refused(Exception):
    def __init__(self, reason: Reason, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reason, self.message, self.retry_after = reason, message, retry_after


class Fetcher:
    """``async with Fetcher(...) as fetcher: await fetcher.fetch(address)``."""

    def __init__(
        self,
        rules: AddressRules,
        *,
        max_bytes: int,
        seconds: float,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:
        # An address of the store that a redirect leads to is asked for like any other.
        self.rules = AddressRules(allowed=rules.allowed)
        self.max_bytes, self.seconds = max_bytes, seconds
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        self._guarded = self._session(guarded=True)
        # Connections to hosts of the allow-list are kept apart: the guard sees numbers, the list holds names.
        self._trusted = self._session(guarded=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._guarded.close()
        await self._trusted.close()

    def _session(self, *, guarded: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            socket_factory=socket_factory() if guarded else None, resolver=self._resolver, limit=0, ttl_dns_cache=60
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=self.seconds),
            headers={"User-Agent": _AGENT, "Accept": "image/avif,image/webp,image/*,*/*;q=0.1",
                     "Accept-Encoding": "identity"},
        )  # fmt: skip

    async def fetch(self, address: Address, *, etag: str = "", last_modified: str = "") -> Fetched:
        """Ask once. Every failure is an answer with a reason; nothing is raised but cancellation."""
        conditions = {}
        if etag:
            conditions["If-None-Match"] = etag
        if last_modified:
            conditions["If-Modified-Since"] = last_modified
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(address, conditions)
        except _Refused as refused:
            return Fetched(reason=refused.reason, message=refused.message, retry_after=refused.retry_after)
        except BadAddress as bad:
            return Fetched(reason=bad.reason, message=str(bad))
        except TimeoutError:
            return Fetched(reason=Reason.TIMED_OUT, message=f"No whole answer within {self.seconds:g} s.")
        except aiohttp.ClientPayloadError as error:
            return Fetched(reason=Reason.CUT_OFF, message=_said(error))
        except aiohttp.ClientConnectorError as error:
            if FORBIDDEN in str(error):
                return Fetched(reason=Reason.FORBIDDEN_ADDRESS, message=f"{address.host} leads into a private network.")
            return Fetched(reason=Reason.UNREACHABLE, message=_said(error))
        except (aiohttp.InvalidURL, ValueError) as error:
            return Fetched(reason=Reason.BAD_URL, message=_said(error))
        except (aiohttp.ClientResponseError, zlib.error) as error:
            return Fetched(reason=Reason.HTTP_ERROR, message=_said(error))
        except (aiohttp.ClientError, OSError) as error:
            return Fetched(reason=Reason.UNREACHABLE, message=_said(error))

    async def _follow(self, address: Address, conditions: dict[str, str]) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            session = self._trusted if address.host in self.rules.allowed else self._guarded
            url = URL(address.url, encoded=True)
            async with session.get(url, headers=conditions, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return await self._answer(response, bool(conditions))
                target = response.headers.get("Location", "")
                if not target:
                    raise _Refused(Reason.HTTP_ERROR, f"Status {response.status} without a Location.")
                address = parse(str(url.join(URL(target))), self.rules)
        raise _Refused(Reason.TOO_MANY_REDIRECTS, f"More than {MAX_REDIRECTS} redirects.")

    async def _answer(self, response: aiohttp.ClientResponse, conditional: bool) -> Fetched:
        etag, modified = response.headers.get("ETag", "")[:1000], response.headers.get("Last-Modified", "")[:80]
        if response.status == 304 and conditional:
            return Fetched(unchanged=True, etag=etag, last_modified=modified)
        if response.status != 200:
            raise _status(response)
        return Fetched(data=await self._body(response), etag=etag, last_modified=modified)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self.max_bytes:
            raise self._too_large(response.content_length)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            raise _Refused(Reason.HTTP_ERROR, f"The host answers in the encoding {encoding[:20]}, unasked.")
        undo = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding not in {"identity", ""} else None
        body, judged = bytearray(), False
        async for chunk in response.content.iter_any():
            body += undo.decompress(chunk, self.max_bytes + 1 - len(body)) if undo is not None else chunk
            if len(body) > self.max_bytes:
                raise self._too_large(None)
            if not judged and len(body) >= HEAD:
                judged = True
                _judge(body)
        if undo is not None and not undo.eof:
            raise _Refused(Reason.CUT_OFF, "The compressed answer ends too early.")
        if not body:
            raise _Refused(Reason.EMPTY, "The answer is empty.")
        _judge(body)
        return bytes(body)

    def _too_large(self, size: int | None) -> _Refused:
        told = f"{size:,} bytes" if size else "More bytes"
        return _Refused(Reason.TOO_LARGE, f"{told} than the {self.max_bytes:,} of IMAGE_MAX_BYTES.")


def _judge(body: bytearray) -> None:
    """A page in place of a picture is known by its beginning; the rest need not come."""
    head = bytes(body[:HEAD])
    if is_text(head):
        if sniff(bytes(body[:1000])) == "SVG":
            raise _Refused(Reason.FORMAT_NOT_TAKEN, "SVG is not taken; JPEG, PNG, WebP, GIF and AVIF are.")
        raise _Refused(Reason.NOT_AN_IMAGE, "The answer is a page or a text.")


def _status(response: aiohttp.ClientResponse) -> _Refused:
    status = response.status
    told = f"Status {status}."
    if status in {404, 410}:
        return _Refused(Reason.NOT_FOUND, told)
    if status in _PATIENT:
        return _Refused(Reason.RATE_LIMITED, told, retry_after=_pause(response) or _DEFAULT_PAUSE)
    if status >= 500:
        return _Refused(Reason.SERVER_ERROR, told, retry_after=_pause(response))
    return _Refused(Reason.FORBIDDEN if status in {401, 402, 403, 451} else Reason.HTTP_ERROR, told)


def _pause(response: aiohttp.ClientResponse) -> float | None:
    """Seconds of Retry-After, which is a number or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), 86_400.0)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), 86_400.0)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
