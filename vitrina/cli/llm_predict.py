"""``vitrina llm run --predict``: what a file of questions will cost, before any is sent.

Belongs here: asking the gateway for its prediction, and its words. Stays out: the figures (``vitrina.llm.predicting``).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vitrina.cli.llm_database import ledger_database
from vitrina.cli.output import emit, facts
from vitrina.config import Settings
from vitrina.llm.jsonl.lines import Source
from vitrina.llm.jsonl.scan import Scan, read_again
from vitrina.llm.jsonl.schemas import AnswerSchema


def tell_prediction(
    source: Source, found: Scan, schema: AnswerSchema | None, settings: Settings, *, purpose: str, as_json: bool
) -> None:
    """Tells calls, tokens and money of all questions that the ledger cannot answer."""
    from vitrina.llm.wiring import open_gateway

    with ledger_database(settings), open_gateway(settings) as gateway:
        told = gateway.predict(request.chat(purpose, try_no=0) for _, request in read_again(source, found, schema))
    data: dict[str, Any] = {**asdict(told), "limit_usd": told.limit_usd, "limit_calls": told.limit_calls}

    def human() -> None:
        unknown = "unknown: the model has no price"
        rows: dict[str, Any] = {"answered already": f"{told.answered} of {told.requests}", "calls": told.calls}
        rows["tokens"] = f"{told.prompt_tokens} in, {told.completion_tokens} out"
        rows["cost"] = unknown if told.expected_usd is None else f"{told.expected_usd:f} USD"
        if told.limit_usd is not None:
            rows["… and 25 %"] = f"{told.limit_usd:f} USD, a --budget for it"
            rows["at most"] = f"{told.most_usd:f} USD, where every answer takes all the room it has"
        if told.by_guess:
            rows["by guess"] = f"{told.by_guess} calls: nothing like them was asked yet, so all their room is counted"
        facts("What the file will cost", rows)

    emit(data, as_json, human)
