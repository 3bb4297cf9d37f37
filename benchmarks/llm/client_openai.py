"""OpenAI's own client as a measured client, in an environment of its own.

Belongs here: ``create`` with its retries, up to ``concurrency`` at once; ``aiohttp`` takes that transport instead of
the default one. Keep-alive is given to every connection: by default it stops at 100.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

import openai

from benchmarks.llm.client_common import MODEL, RESPONSE_FORMAT, WARM, Tally, Task, prompt, right, task


def client(asked: Task) -> openai.AsyncOpenAI:
    """The client with the transport that the task names."""
    http: Any = None
    if asked.how == "aiohttp":
        http = openai.DefaultAioHttpClient(timeout=60)
    return openai.AsyncOpenAI(
        api_key="sk-none", base_url=asked.base_url, max_retries=asked.retries, timeout=60, http_client=http
    )


async def answer(made: openai.AsyncOpenAI, item: str) -> tuple[str, str | None]:
    """Outcome and text of one item."""
    messages: Any = [{"role": "user", "content": prompt(item)}]
    response_format: Any = RESPONSE_FORMAT
    try:
        reply = await made.chat.completions.create(model=MODEL, messages=messages, response_format=response_format)
        return "ok", reply.choices[0].message.content
    except Exception as error:  # noqa: BLE001 - what a caller would meet is what is counted
        return type(error).__name__, None


async def run(asked: Task, tally: Tally) -> None:
    async with client(asked) as made:
        await answer(made, WARM)
        waiting = iter(asked.items())

        async def work() -> None:
            for item in waiting:
                outcome, text = await answer(made, item)
                tally.add(item, outcome, right(item, text))

        with tally.measured():
            await asyncio.gather(*(work() for _ in range(asked.concurrency)))


def main() -> None:
    """Answers the task."""
    asked, tally = task(), Tally()
    asyncio.run(run(asked, tally))
    tally.report(asked.calls, version=version("openai"))


if __name__ == "__main__":
    main()
