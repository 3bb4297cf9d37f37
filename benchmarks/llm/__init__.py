"""The gateway measured against its bars: ``python -m benchmarks.llm [S1 S2 …] [--quick]``.

What belongs here: the fault-injecting server, the scenarios, the clients that are compared, the report. Nothing of it
is used by the platform; the tests of the gateway have a smaller server of their own in ``tests/fakes``.
"""
