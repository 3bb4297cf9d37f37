"""Who writes the two texts of a pair.

Belongs here: what a writer is, and which ones the settings mean. Stays out: asking them (``candidates``). A writer is
model, prompt version, temperature and, for the embedded ones, a seed; a trained policy is one more model name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vitrina.config import Settings
from vitrina.errors import PermanentError

#: Samples of one model must differ: the temperature of the full description's request.
_FREE = 0.7


class WriterSpec(BaseModel):
    """One entry of ``PAIR_WRITERS``."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    model: str | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    seed: int | None = Field(None, ge=0)


@dataclass(frozen=True, slots=True)
class Writer:
    """One way to have a text written.

    Attributes:
        name: Kept with the text; people who compare never see it.
        model: ``None`` is the gateway's model.
        seed: Of the embedded writers; 0 is the platform's own wording.
        sample: Which of several answers to one question: part of the request's key, so that two samples of one
            writer are two answers and not one from the cache.
        trained: Id of the registered model that writes, in the ``serve-models`` process; empty: whoever answers at
            the gateway's endpoint.
    """

    name: str
    model: str | None = None
    temperature: float | None = None
    seed: int | None = None
    sample: int = 0
    trained: str = ""

    def identity(self, default_model: str) -> tuple[Any, ...]:
        """What tells its texts from those of others."""
        return (self.name, self.model or default_model, self.temperature, self.seed, self.sample)


def embedded_writers(count: int = 2) -> tuple[Writer, ...]:
    """The embedded writer, and seeded variants of structure, order and tone."""
    variants = (Writer("embedded-variant", seed=number, sample=number) for number in range(1, count))
    return (Writer("embedded", seed=0), *variants)


def model_writers(model: str) -> tuple[Writer, ...]:
    """One model twice, careful and free."""
    return (Writer(f"{model[:50]}@0.3", temperature=0.3), Writer(f"{model[:50]}@1.0", temperature=1.0, sample=1))


def sampled(count: int, *, embedded: bool, model: str) -> tuple[Writer, ...]:
    """Samples of one writer, for best of n: seeded variants of the embedded one, or one model again and again.

    The first is what would be written without a choice.
    """
    if embedded:
        return embedded_writers(count)
    return tuple(Writer(f"{model[:50]}@{_FREE}", temperature=_FREE, sample=number) for number in range(count))


def trained_name(role: str, model_id: str) -> str:
    """Name of a registered model as a writer, by its weights: trained again to the same weights it is the same."""
    return f"{role}-{model_id[:8]}"


def policy_samples(policy: Writer, count: int) -> tuple[Writer, ...]:
    """``count`` samples of a trained policy, each with a seed of its own."""
    return tuple(replace(policy, seed=number + 1, sample=number) for number in range(count))


def configured_writers(
    settings: Settings, *, embedded: bool, model: str, policy: Writer | None = None
) -> tuple[Writer, ...]:
    """The writers of the settings, at least two; a promoted policy is one more.

    Args:
        settings: ``PAIR_WRITERS``.
        embedded: Whether the gateway asks the embedded service.
        model: The gateway's model.
        policy: A trained policy that writes what is compared.

    Raises:
        PermanentError: The setting is wrong, or names fewer than two.
    """
    further = () if policy is None else (policy,)
    if not settings.pair_writers:
        return (*(embedded_writers() if embedded else model_writers(model)), *further)
    specs = [_spec(number, entry) for number, entry in enumerate(settings.pair_writers, 1)]
    if len(specs) < 2:
        raise PermanentError("PAIR_WRITERS names one writer; a pair needs two.", hint="Add another, or leave it empty.")
    names = [spec.name for spec in specs]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise PermanentError(f"PAIR_WRITERS: names must not repeat: {', '.join(repeated)}.")
    return (*(Writer(s.name, s.model, s.temperature, s.seed, number) for number, s in enumerate(specs)), *further)


def matched(writers: Sequence[Writer], number: int, *, product: int = 0) -> tuple[Writer, Writer]:
    """Two different writers for a product's ``number``-th pair, from 0: every two of them come equally often.

    When all have met, they meet again with further samples (and seeds), so that the texts are new ones.
    """
    pairs = [(one, other) for place, one in enumerate(writers) for other in writers[place + 1 :]]
    again, place = divmod(number, len(pairs))
    first, second = pairs[(place + product) % len(pairs)]
    return _again(first, again, len(writers)), _again(second, again, len(writers))


def _again(writer: Writer, times: int, count: int) -> Writer:
    if not times or writer.seed == 0:  # the platform's own wording has no second version
        return writer
    seed = writer.seed + times if writer.seed is not None else None
    return replace(writer, sample=writer.sample + times * count, seed=seed)


def _spec(number: int, entry: Mapping[str, Any]) -> WriterSpec:
    try:
        return WriterSpec.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PermanentError(f"PAIR_WRITERS, writer {number}: {where}: {first['msg']}.") from error
