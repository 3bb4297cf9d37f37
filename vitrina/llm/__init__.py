"""The one way to a language model: gateway, ledger, costs, and the embedded model service.

What belongs here: everything between a request object and an answer that is paid for, recorded and returned.
What stays out: prompts and what answers mean (``vitrina.content``, ``vitrina.categories``).
"""
