"""A model service behind uvicorn on a free loopback port.

Belongs here: running one in a thread of the test. Stays out: what is asked of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from vitrina.llm.service.app import EmbeddedService


@contextmanager
def serving(service: EmbeddedService) -> Iterator[str]:
    """Its base address, with ``/v1``."""
    server = uvicorn.Server(uvicorn.Config(service.app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()
