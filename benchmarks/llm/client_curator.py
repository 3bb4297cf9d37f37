"""bespokelabs-curator as a measured client, in an environment of its own.

Belongs here: its online processor with the limits lifted, so that it does all it can. Its cache (a line a response) is
in a temporary folder; telemetry, display and look-ups in the web are off (see ``benchmarks.llm.peers``).
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

from benchmarks.llm.client_common import MODEL, RESPONSE_FORMAT, WARM, Tally, Task, prompt, right, task

sys.stdout = sys.stderr  # its display is not for the driver
from bespokelabs import curator  # type: ignore[import-not-found]  # noqa: E402 - a peer, here only in its environment


class Describer(curator.LLM):  # type: ignore[misc]
    """One question an item."""

    def prompt(self, row: dict[str, Any]) -> str:
        return prompt(row["item"])

    def parse(self, row: dict[str, Any], response: str) -> list[dict[str, str]]:
        return [{"item": row["item"], "text": response}]


def describer(asked: Task) -> Describer:
    """The library's object for this task."""
    return Describer(
        model_name=MODEL,
        backend="openai",
        generation_params={"response_format": RESPONSE_FORMAT},
        backend_params={
            "base_url": asked.base_url,
            "api_key": "sk-none",
            "max_concurrent_requests": asked.concurrency,
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 1_000_000_000,
            "max_retries": asked.retries,
            "require_all_responses": False,
            "request_timeout": 60,
        },
    )


def main() -> None:
    """Answers the task."""
    asked, tally = task(), Tally()
    made = describer(asked)
    made([{"item": WARM}])
    rows = [{"item": item} for item in asked.items()]
    with tally.measured():
        answered = made(rows)
        table = getattr(answered, "dataset", answered)
        for row in table:
            tally.add(row["item"], "ok", right(row["item"], row["text"]))
    for item in set(asked.items()) - set(tally.results):
        tally.add(item, "dropped", False)
    tally.report(asked.calls, version=version("bespokelabs-curator"))


if __name__ == "__main__":
    main()
