"""The provider's batch service: files of requests, answered within a day at half the price.

Belongs here: the wire of OpenAI's Files and Batch, the state of submitted batches in PostgreSQL, and the runner that
submits, waits, collects and sends again what came back without an answer. Answers enter the ledger under the keys of
online calls. Stays out: single calls (``vitrina.llm.engine``).
"""
