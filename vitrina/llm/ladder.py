"""Which way of asking for JSON each model takes, learned once and kept true.

Belongs here: what is known of the models of one endpoint, lowering it when a server refuses or ignores what was asked.
Stays out: the ways themselves (``vitrina.llm.dialects``), the questions of a probe (``vitrina.llm.probe``).
All on one event loop; the stores are asked in the engine's thread.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime

from vitrina.llm.capabilities import PROBE_LIFE, CapabilityStore, Known
from vitrina.llm.config import GatewayConfig
from vitrina.llm.dialects import Dialect, Plan, Rung, by_address, named
from vitrina.llm.dialects.base import QUIRK_LIMIT_FIELD, QUIRK_NO_TEMPERATURE
from vitrina.llm.outcomes import LedgerError, Outcome
from vitrina.llm.structured import Checked
from vitrina.llm.wire import Reading

_LOG = logging.getLogger(__name__)

#: So many answers in a row that are not JSON at all, and the way of asking is taken for ignored.
_IGNORED = 3
_STATUS = re.compile(r"HTTP (\d{3})")
_TOO_LONG = re.compile(r"context (length|size|window)|too long|maximum context|too many tokens", re.IGNORECASE)
_NAMES_RUNG = {
    Rung.JSON_SCHEMA: re.compile(
        r"response_format|json_schema|structured|guided|grammar|schema|format|strict", re.IGNORECASE
    ),
    Rung.TOOLS: re.compile(r"tool|function|schema|parameters", re.IGNORECASE),
    Rung.JSON_OBJECT: re.compile(r"response_format|json_object|json mode|format", re.IGNORECASE),
}
#: The server has this way, and does not like this schema.
_THIS_SCHEMA = re.compile(
    r"invalid schema|invalid_json_schema|is not permitted|schema is too|too many (states|properties|enum)|"
    r"unsupported (keyword|schema)|failed to (parse|compile|convert)",
    re.IGNORECASE,
)
_NO_TEMPERATURE = re.compile(r"temperature.{0,80}(not support|unsupported|only the default)|unsupported.{0,40}temper",
                             re.IGNORECASE | re.DOTALL)  # fmt: skip

Probe = Callable[[str, Dialect], Awaitable[tuple[Dialect, Known | None]]]


class Ladder:
    """What is known of the models of one endpoint.

    Args:
        probe: ``(model, dialect) -> (dialect, what was found)``; ``None`` for what could not be found out.
    """

    def __init__(self, config: GatewayConfig, store: CapabilityStore, executor: Executor, probe: Probe) -> None:
        self.config = config
        self.dialect = by_address(config)
        self._store = store
        self._executor = executor
        self._probe = probe
        self._known: dict[str, Known] = {}
        self._learning: dict[str, asyncio.Future[None]] = {}
        self._schemas: dict[tuple[str, str], Rung] = {}
        self._ignored: Counter[tuple[str, Rung]] = Counter()
        self._saving: set[asyncio.Future[None]] = set()

    def knows(self, model: str) -> bool:
        """Whether requests can be put without asking first. The hot path: one look into a dictionary."""
        known = self._known.get(model)
        return known is not None and (known.until is None or known.until > datetime.now(UTC))

    async def learn(self, model: str) -> None:
        """Finds out how to ask this model: from the setting, the address, the store, or by a probe. Once at a time."""
        if (under_way := self._learning.get(model)) is not None:
            await asyncio.shield(under_way)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._learning[model] = future
        try:
            self._known[model] = await self._find_out(model)
        finally:
            del self._learning[model]
            future.set_result(None)

    def prepare(self, plan: Plan) -> None:
        """Sets the rung and the quirks of the next attempt."""
        known = self._known.get(plan.model)
        if known is None:
            plan.rung = self.dialect.rungs[0]
            return
        plan.quirks = known.quirks
        plan.rung = known.rung
        if self._schemas and plan.request.schema is not None:
            own = self._schemas.get((plan.model, plan.request.schema_name))
            if own is not None and self._place(own) > self._place(known.rung):
                plan.rung = own

    def refused(self, plan: Plan, reading: Reading) -> bool:
        """Whether the server refused how, and not what, it was asked; the next attempt is put another way then."""
        if reading.outcome not in (Outcome.PERMANENT, Outcome.SERVER):
            return False
        told = f"{reading.error} {reading.error_class}"
        status = _STATUS.search(told)
        if status is None or status.group(1) not in ("400", "404", "415", "422", "500", "501"):
            return False
        if quirk := quirk_of(told, plan):
            known = self._known.get(plan.model) or Known(self.dialect.name, plan.rung)
            self._keep(plan.model, replace(known, quirks=known.quirks | {quirk}))
            return True
        names = _NAMES_RUNG.get(plan.rung)
        if plan.request.schema is None or names is None or _TOO_LONG.search(told) or not names.search(told):
            return False
        return self._lower(plan, f"refused: {told[:500]}", this_schema=bool(_THIS_SCHEMA.search(told)))

    def answered(self, plan: Plan, checked: Checked) -> None:
        """Told of every judged answer to a request with a schema: answers that are no JSON are counted."""
        key = (plan.model, plan.rung)
        if not checked.not_json:
            if self._ignored:
                self._ignored.pop(key, None)
            return
        self._ignored[key] += 1
        if self._ignored[key] >= _IGNORED and self._lower(plan, f"{_IGNORED} answers in a row were no JSON"):
            del self._ignored[key]

    async def close(self) -> None:
        """Waits for what is being saved."""
        if self._saving:
            await asyncio.wait(set(self._saving))

    def _lower(self, plan: Plan, reason: str, *, this_schema: bool = False) -> bool:
        """True when the model is now asked another way than this plan was."""
        lower = [rung for rung in self.dialect.rungs if self._place(rung) > self._place(plan.rung)]
        probe = Plan(plan.request, plan.model)
        self.prepare(probe)
        if self._place(probe.rung) > self._place(plan.rung):
            return True  # a twin in flight was refused first
        if not lower:
            return False
        if this_schema:
            self._schemas[plan.model, plan.request.schema_name] = lower[0]
        else:
            known = self._known.get(plan.model) or Known(self.dialect.name)
            self._keep(plan.model, known.lowered(lower[0], reason, datetime.now(UTC)))
        _LOG.warning(
            "%s at %s: JSON is asked for by %s instead of %s%s (%s)",
            plan.model, self.config.endpoint, lower[0], plan.rung,
            f" for the schema {plan.request.schema_name}" if this_schema else "", reason,
        )  # fmt: skip
        return True

    def _place(self, rung: Rung) -> int:
        return self.dialect.rungs.index(rung) if rung in self.dialect.rungs else len(self.dialect.rungs)

    def _keep(self, model: str, known: Known) -> None:
        self._known[model] = known
        if self.config.structured == "auto" and not self.config.embedded:
            self._save(model, known)

    def _save(self, model: str, known: Known) -> None:
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._store.save, self.config.endpoint, model, known)
        self._saving.add(future)
        future.add_done_callback(self._saved)

    def _saved(self, future: asyncio.Future[None]) -> None:
        self._saving.discard(future)
        if not future.cancelled() and (error := future.exception()) is not None:
            _LOG.warning("what %s can do was not kept: %s", self.config.endpoint, error)

    async def _find_out(self, model: str) -> Known:
        config, now = self.config, datetime.now(UTC)
        if config.structured != "auto":
            rung = Rung(config.structured)
            return Known(self.dialect.name, rung if rung in self.dialect.rungs else self.dialect.rungs[0])
        if self.dialect.certain:
            return Known(self.dialect.name)
        loop = asyncio.get_running_loop()
        try:
            stored = await loop.run_in_executor(self._executor, self._store.load, config.endpoint, model)
        except LedgerError as error:
            _LOG.warning("%s", error)
            stored = None
        if stored is not None and stored.believed(now):
            if stored.dialect != self.dialect.name and config.dialect == "auto":
                self.dialect = named(stored.dialect, config)
            return stored
        self.dialect, found = await self._probe(model, self.dialect)
        if found is None:  # nothing came that tells anything: the requests themselves will say why
            return Known(self.dialect.name, self.dialect.rungs[0], reason="not found out")
        found = replace(found, until=found.until or now + PROBE_LIFE)
        self._save(model, found)
        return found


def quirk_of(told: str, plan: Plan) -> str | None:
    """The field that a refusal names, when it is one that can be left out or named otherwise."""
    if QUIRK_LIMIT_FIELD not in plan.quirks and "max_completion_tokens" in told and "max_tokens" in told:
        return QUIRK_LIMIT_FIELD
    if (
        QUIRK_NO_TEMPERATURE not in plan.quirks
        and plan.request.temperature is not None
        and _NO_TEMPERATURE.search(told)
    ):
        return QUIRK_NO_TEMPERATURE
    return None
