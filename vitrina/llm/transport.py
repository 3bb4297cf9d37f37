"""Bytes to an endpoint and back.

Belongs here: the HTTP transport, and the in-process one that calls an ASGI application with the same bytes.
Stays out: what a reply means (``vitrina.llm.wire``), retries (``vitrina.llm.engine``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote, urlsplit

import aiohttp

from vitrina.llm.config import GatewayConfig

AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[MutableMapping[str, Any]]], Callable[[Any], Awaitable[None]]],
    Awaitable[None],
]


_JSON = {"Content-Type": "application/json"}


@dataclass(slots=True, frozen=True)
class Reply:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """No whole reply came.

    Args:
        message: For a person; holds no key and no address with credentials.
        sent: Whether the provider may have worked on the call, and charged it.
    """

    def __init__(self, message: str, *, name: str, sent: bool) -> None:
        super().__init__(message)
        self.name = name
        self.sent = sent


class ReplyTooLargeError(Exception):
    """The reply outgrew the limit; it was not read to its end."""


class Transport(Protocol):
    """Posts a JSON body to a path below the endpoint's address."""

    async def post(self, path: str, body: bytes) -> Reply: ...

    async def close(self) -> None: ...


class HttpTransport:
    """aiohttp to one endpoint: 0.2 ms of CPU a call, against 0.7-2.7 ms of the official client.

    Certificates are verified, redirects are not followed (they would carry key and data to another host), proxy and
    netrc settings of the environment are ignored.
    """

    def __init__(self, config: GatewayConfig) -> None:
        self._base = config.endpoint
        self._timeout_s = config.timeout_s
        self._max_bytes = config.max_reply_bytes
        headers = {"Accept": "application/json", **config.headers}
        if config.api_key:
            headers["Authorization"] = f"Bearer {config.api_key}"
        self._session = aiohttp.ClientSession(
            # Keep-alive for every slot: a client that kept 100 of 500 opened 1,096 connections for 1,500 calls.
            # Idle ones go before uvicorn's 5 s end them: a call on a connection that the server just closed is a cut.
            connector=aiohttp.TCPConnector(limit=config.concurrency, limit_per_host=0, keepalive_timeout=4),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=config.connect_timeout_s),
            headers=headers,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, path: str, body: bytes) -> Reply:
        """One call, from connecting to the last byte inside ``timeout_s``.

        Raises:
            TransportError: No connection, a cut, the deadline.
            ReplyTooLargeError: The body outgrew ``max_reply_bytes``.
        """
        return await self.request("POST", path, body, headers=_JSON)

    async def get(self, path: str) -> Reply:
        """The same for a GET."""
        return await self.request("GET", path)

    async def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        into: BinaryIO | None = None,
    ) -> Reply:
        """Any call of this server.

        Args:
            path: Below the endpoint's address, or a whole address on the same host and port.
            data: Bytes, or an aiohttp form.
            timeout_s: Instead of the configured deadline.
            into: A body of status 200 is written here instead of into the reply, however large.

        Raises:
            TransportError: No connection, a cut, the deadline.
            ReplyTooLargeError: The body outgrew ``max_reply_bytes``.
            ValueError: The address is another server's: the key does not go there.
        """
        url = path if path.startswith(("http://", "https://")) else self._base + path
        if url is path and urlsplit(path)[:2] != urlsplit(self._base)[:2]:
            raise ValueError("an address of another server")
        deadline = self._timeout_s if timeout_s is None else timeout_s
        try:
            async with (
                asyncio.timeout(deadline),
                self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as response,
            ):
                if into is not None and response.status == 200:
                    async for chunk in response.content.iter_any():
                        into.write(chunk)
                    content = b""
                else:
                    content = await self._read(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Reply(response.status, names, content)
        except TimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            message = "connecting took too long" if connecting else f"no whole reply within {deadline:g} s"
            raise TransportError(message, name="timeout", sent=not connecting) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise TransportError("the endpoint's certificate is not valid", name="certificate", sent=False) from error
        except aiohttp.ClientConnectorError as error:
            raise TransportError(
                f"no connection to {self._base}: {error.os_error.strerror or 'refused'}", name="connect", sent=False
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            # The text of some client errors holds request headers; the type alone says enough.
            raise TransportError(f"the connection broke ({type(error).__name__})", name="cut", sent=True) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._max_bytes:
            response.close()
            raise ReplyTooLargeError
        chunks, size = [], 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_bytes:
                response.close()
                raise ReplyTooLargeError
            chunks.append(chunk)
        return b"".join(chunks)

    async def close(self) -> None:
        await self._session.close()


class ClosedTransport:
    """Sends nothing: replay mode."""

    async def post(self, path: str, body: bytes) -> Reply:  # noqa: ARG002 - nothing is sent
        """Sends nothing.

        Raises:
            TransportError: Always.
        """
        raise TransportError("replay mode sends nothing", name="replay", sent=False)

    async def close(self) -> None:
        """Nothing is held open."""


class AsgiTransport:
    """Calls an ASGI application in process: the same bytes as over HTTP, without a socket."""

    def __init__(self, app: AsgiApp, config: GatewayConfig) -> None:
        self._app = app
        self._timeout_s = config.timeout_s

    async def post(self, path: str, body: bytes) -> Reply:
        """One call.

        Raises:
            TransportError: The deadline, or the application failed without an answer.
        """
        return await self._call("POST", path, body)

    async def get(self, path: str) -> Reply:
        """The same for a GET."""
        return await self._call("GET", path, b"")

    async def _call(self, method: str, path: str, body: bytes) -> Reply:
        full = f"/v1{path}"
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": full,
            "raw_path": quote(full).encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"embedded"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("embedded", 80),
            "vitrina.in_process": True,
        }
        parts: list[bytes] = []
        start: dict[str, Any] = {}
        asked = False

        async def receive() -> MutableMapping[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # a disconnect never comes
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        try:
            async with asyncio.timeout(self._timeout_s):
                await self._app(scope, receive, send)
        except TimeoutError as error:
            raise TransportError(f"no answer within {self._timeout_s:g} s", name="timeout", sent=True) from error
        except Exception as error:
            if not start:
                raise TransportError(f"the service failed ({type(error).__name__})", name="app", sent=True) from error
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start.get("headers", ())}
        return Reply(int(start.get("status", 500)), headers, b"".join(parts))

    async def close(self) -> None:
        """Nothing is held open."""
