"""What a call costs.

Belongs here: prices from the bundled table of genai-prices (no network) and local overrides, in Decimal.
Stays out: limits (``vitrina.llm.budget``). A model of unknown price costs ``None``, never zero.

Overrides are one mapping, usually a YAML file::

    free_endpoints: ["http://127.0.0.1:11434/v1"]
    batch_multiplier: "0.5"  # what the provider's batch service costs, of the price of online calls
    models:
      my-model: {input_per_mtok: "0.10", output_per_mtok: "0.40", cached_input_per_mtok: "0.02",
                 cache_write_input_per_mtok: "0.12"}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from vitrina.llm.config import EMBEDDED_ENDPOINT
from vitrina.llm.outcomes import GatewayConfigError, Usage

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

_MILLION = Decimal(1_000_000)
_CENTS_OF_CENTS = Decimal("0.00000001")  # the ledger's column holds eight decimals
_ZERO = Decimal(0)


@dataclass(slots=True, frozen=True)
class Price:
    """Cost of a call in USD; ``None`` is unknown. ``source`` says where the figure comes from."""

    usd: Decimal | None
    source: str

    @property
    def known(self) -> bool:
        """False when nobody knows, which is not zero."""
        return self.usd is not None


@dataclass(slots=True, frozen=True)
class _Rates:
    prompt: Decimal
    completion: Decimal
    cached: Decimal
    written: Decimal


class PriceBook:
    """Prices of one endpoint.

    Args:
        endpoint: As in :attr:`GatewayConfig.endpoint`; the embedded service is a declared zero.
        overrides: See the module's text. They win over the table.

    Raises:
        GatewayConfigError: An override is not a price.
    """

    def __init__(self, endpoint: str, overrides: Mapping[str, Any] | None = None) -> None:
        overrides = overrides or {}
        self.endpoint = endpoint
        free = {str(url).rstrip("/") for url in overrides.get("free_endpoints") or ()}
        self.free = endpoint == EMBEDDED_ENDPOINT or endpoint in free
        self.batch_multiplier = _multiplier(overrides.get("batch_multiplier", "0.5"))
        self._models = {str(name): _rates(name, row) for name, row in (overrides.get("models") or {}).items()}
        self._estimates: dict[str, _Rates | None] = {}
        self._flat: dict[str, tuple[_Rates | None, str]] = {}
        self.provider = "embedded" if endpoint == EMBEDDED_ENDPOINT else ""

    def cost(self, model: str, usage: Usage) -> Price:
        """What a call with this usage costs, rounded to eight decimals."""
        if self.free:
            return Price(_ZERO, "declared free")
        rates = self._models.get(model)
        if rates is not None:
            return Price(_linear(rates, usage), "override")
        return self._from_table(model, usage)

    def estimate(self, model: str, prompt_tokens: int, completion_tokens: int) -> Decimal | None:
        """A quick figure for a reservation before the call, without tiers; ``None`` when the price is unknown."""
        if self.free:
            return _ZERO
        if model not in self._estimates:
            self._estimates[model] = self._models.get(model) or self._probe(model)
        rates = self._estimates[model]
        return None if rates is None else _linear(rates, Usage(prompt_tokens, completion_tokens))

    def batched(self, price: Price) -> Price:
        """The price of the same call through the provider's batch service."""
        if price.usd is None:
            return price
        usd = (price.usd * self.batch_multiplier).quantize(_CENTS_OF_CENTS)
        return Price(usd, f"{price.source} batch x{self.batch_multiplier}"[:120])

    def _probe(self, model: str) -> _Rates | None:
        # genai-prices takes 0.08 ms a call: too much to ask twice for every request, so reservations use its rates.
        size = 10_000
        one = self._from_table(model, Usage(size, 0)).usd
        two = self._from_table(model, Usage(size, size)).usd
        if one is None or two is None:
            return None
        scale = _MILLION / size
        return _Rates(one * scale, (two - one) * scale, one * scale, one * scale)

    def _from_table(self, model: str, usage: Usage) -> Price:
        # The table's own calculation takes 0.3 ms under load: asked once where prices have no tiers and no hours.
        if model in self._flat:
            rates, source = self._flat[model]
            return Price(None if rates is None else _linear(rates, usage), source)
        import genai_prices  # 3 MB of tables: only where prices are asked for

        cached, written = _parts(usage)
        tokens = genai_prices.Usage(
            input_tokens=usage.prompt,
            output_tokens=usage.completion,
            cache_read_tokens=cached,
            cache_write_tokens=written,
        )
        for address in (self.endpoint, None):
            try:
                found = genai_prices.calc_price(tokens, model_ref=model, provider_api_url=address)
            except LookupError:
                continue
            except ValueError:
                break
            if address:
                self.provider = found.provider.id
            how = "" if address else " by model name"
            source = f"genai-prices {genai_prices.__version__} {found.provider.id}/{found.model.id}{how}"
            if (rates := _flat_rates(found)) is not None:
                self._flat[model] = rates, source[:120]
            return Price(Decimal(found.total_price).quantize(_CENTS_OF_CENTS), source[:120])
        self._flat[model] = None, "unknown"
        return Price(None, "unknown")


def load_overrides(path: str | Path) -> Mapping[str, Any]:
    """Reads an override file.

    Raises:
        GatewayConfigError: It cannot be read, or is not a mapping.
    """
    try:
        value = yaml.safe_load(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GatewayConfigError(f"The price file {path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise GatewayConfigError(f"The price file {path} is not a mapping.", hint="See docs/llm.md for its form.")
    return value


def _rates(name: object, row: object) -> _Rates:
    try:
        if not isinstance(row, Mapping):
            raise KeyError("a mapping")
        prompt, completion = (Decimal(str(row[key])) for key in ("input_per_mtok", "output_per_mtok"))
        cached, written = (
            Decimal(str(row.get(key, prompt))) for key in ("cached_input_per_mtok", "cache_write_input_per_mtok")
        )
    except (KeyError, InvalidOperation) as error:
        raise GatewayConfigError(
            f"The price of model {name!r} is not complete or not a number.",
            hint="It needs input_per_mtok and output_per_mtok, in USD for a million tokens.",
        ) from error
    if not all(rate.is_finite() and rate >= 0 for rate in (prompt, completion, cached, written)):
        raise GatewayConfigError(f"The price of model {name!r} is negative or not a number.")
    return _Rates(prompt, completion, cached, written)


def _multiplier(value: object) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal(-1)
    if not (found.is_finite() and 0 <= found <= 1):
        raise GatewayConfigError(f"The batch multiplier {value!r} is no number from 0 to 1.")
    return found


def _flat_rates(found: PriceCalculation) -> _Rates | None:
    """A model's rates when they are plain numbers; ``None`` for tiers, hours of the day, fees a request."""
    price = found.model_price
    prompt, completion, cached = price.input_mtok, price.output_mtok, getattr(price, "cache_read_mtok", None)
    cached = prompt if cached is None else cached
    written = getattr(price, "cache_write_mtok", None)
    written = prompt if written is None else written
    completion = Decimal(0) if completion is None else completion  # embedding models
    if isinstance(found.model.prices, list) or getattr(price, "requests_kcount", None) is not None:
        return None
    if not (isinstance(prompt, Decimal) and isinstance(completion, Decimal)):
        return None
    if not (isinstance(cached, Decimal) and isinstance(written, Decimal)):
        return None
    return _Rates(prompt, completion, cached, written)


def _parts(usage: Usage) -> tuple[int, int]:
    """Tokens of the prompt that were read from the provider's cache, and written into it: never more than it has."""
    cached = min(usage.cached, usage.prompt)
    return cached, min(usage.cache_write, usage.prompt - cached)


def _linear(rates: _Rates, usage: Usage) -> Decimal:
    cached, written = _parts(usage)
    total = (usage.prompt - cached) * rates.prompt + cached * rates.cached + usage.completion * rates.completion
    if written:
        total += written * (rates.written - rates.prompt)
    return (total / _MILLION).quantize(_CENTS_OF_CENTS)
