"""Files of questions through the gateway: one JSON object a line in, one a line out.

What belongs here: reading and checking request files, answer files that are gone on with, the run between them.
What stays out: options and words of the command (``vitrina.cli.llm_run``), how a request is answered
(``vitrina.llm.engine``).
"""
