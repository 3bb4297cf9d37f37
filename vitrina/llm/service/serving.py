"""The model service as a server over HTTP, until it is told to stop.

Belongs here: what must hold before it listens, and running it. Stays out: the application (``app``), options
(``vitrina.cli.llm_serve``).
"""

from __future__ import annotations

import socket

import uvicorn

from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.llm.service.local.specs import demand_libraries, read_specs
from vitrina.llm.service.wiring import build_service

TOKEN_VARIABLE = "VITRINA_MODEL_SERVICE_TOKEN"  # noqa: S105 - the name of a variable, not a token
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def prepare(settings: Settings, *, host: str, port: int) -> tuple[uvicorn.Server, socket.socket]:
    """The server and the socket that it will listen on; ``port`` 0 takes a free one.

    Raises:
        PermanentError: No token for an address that others reach; a port in use; local models without their libraries.
        GatewayConfigError: SERVE_MODELS cannot be read.
    """
    secret = settings.vitrina_model_service_token
    token = (secret.get_secret_value() if secret is not None else "") or None
    if token is None and host not in _LOOPBACK:
        raise PermanentError(
            f"At {host} other machines can reach the service, and no token keeps them out.",
            hint=f"Set {TOKEN_VARIABLE}.",
        )
    if read_specs(settings.serve_models):
        demand_libraries()
    app = build_service(token=token, settings=settings, queue=settings.serve_queue).app
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(256)  # who comes before the first answer waits for it
    except OSError as error:
        listening.close()
        raise PermanentError(
            f"The service cannot listen on {host}, port {port}: {error.strerror}.", hint="Give another --port."
        ) from error
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=5)
    return uvicorn.Server(config), listening


def address_of(listening: socket.socket) -> str:
    """``http://host:port`` of a bound socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
