"""The embedded model service: the OpenAI wire format in front of models that need no network.

What belongs here: the ASGI application, its wiring to the skills of the platform, its command. What stays out: the
skills themselves (``vitrina.content``, ``vitrina.categories``).
"""
