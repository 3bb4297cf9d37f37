"""What only a server has: it may be away, refuse, or fail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vitrina.errors import RetryableError
from vitrina.vectors.index import VectorIndexError
from vitrina.vectors.qdrant import QdrantIndex


class FakeServer(ThreadingHTTPServer):
    """Answers every request with one status."""

    status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(server.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    server = FakeServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_is_away_is_worth_another_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        index = QdrantIndex(url, timeout=60)
        with pytest.raises(RetryableError, match="cannot be reached"):
            index.count("test__away")
        index.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_fails_is_worth_another_try(server: FakeServer, status: int) -> None:
    server.status = status
    with pytest.raises(RetryableError):
        QdrantIndex(server.url, timeout=60).count("test__failing")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_setting_and_not_the_key(
    server: FakeServer, status: int, recwarn: pytest.WarningsRecorder
) -> None:
    server.status = status
    with pytest.raises(VectorIndexError, match="QDRANT_API_KEY") as caught:
        QdrantIndex(server.url, api_key="s3cret", timeout=60).count("test__refused")
    assert "s3cret" not in str(caught.value)
    assert all("s3cret" not in str(one.message) for one in recwarn)
