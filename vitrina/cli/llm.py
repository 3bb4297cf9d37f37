"""``vitrina llm``: the gateway for people.

Belongs here: joining its commands. Stays out: what they do.
"""

from __future__ import annotations

import typer

from vitrina.cli.llm_control import probe, resume, status, stop
from vitrina.cli.llm_ledger import again, failures, ledger
from vitrina.cli.llm_run import replay, run

app = typer.Typer(no_args_is_help=True, help="Language models: files of questions, endpoints, costs, failures.")
app.command("run")(run)
app.command("replay")(replay)
app.command("probe")(probe)
app.command("ledger")(ledger)
app.command("failures")(failures)
app.command("again")(again)
app.command("status")(status)
app.command("stop")(stop)
app.command("resume")(resume)
