"""The HTTP API of the desk, under ``/api/v1/``.

Belongs here: addresses, checking what comes in, wording what goes out, keys, the pace of callers, the OpenAPI
description. Stays out: rules (``vitrina.review`` and the domains), which pages use as well.
"""
