"""Pairs for the gate of a policy: its text against that of the SFT model it came from, for held-out products.

Belongs here: which products are held out for a policy, having both texts written, sending the pairs to the desk. Stays
out: counting votes (``vitrina.models_registry.desk_votes``), making pairs of other writers (``pairing``). The same
policy and the same number of products are the same pairs: nothing is written or asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import Exists, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import MD5, Cast, Concat

from vitrina.catalog.models import Product
from vitrina.config import Settings
from vitrina.errors import PermanentError
from vitrina.models_registry import services
from vitrina.models_registry.desk_votes import origins_of
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.policy.storage import trained_groups
from vitrina.preferences.candidates import facts_of, write_candidates
from vitrina.preferences.contracts import prompt_text
from vitrina.preferences.formats.keys import prompt_group
from vitrina.preferences.models import SplitSide
from vitrina.preferences.pair_records import PairsResult
from vitrina.preferences.pairing import send, written_pairs
from vitrina.preferences.policy import CONTRACT, trained_writer
from vitrina.preferences.selection import GATE, Chosen

#: Batches of their own, so that an administrator sees how far they are; the name tells annotators nothing.
SERIES = "check"
_GROUP = 200
#: Products that are tried for each pair that is wanted.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class PolicyPairs:
    """What was made; ``standing`` pairs were there before."""

    policy: RegisteredModel
    sft: RegisteredModel
    standing: int
    result: PairsResult


def make_policy_pairs(
    settings: Settings, store: ObjectStore, policy: RegisteredModel, *, products: int, run_id: str = ""
) -> PolicyPairs:
    """Have both models write for held-out products, and send what can be compared to the desk.

    Args:
        settings: Language, overlap and size of batches.
        store: Where the models lie.
        policy: A registered policy of any status.
        products: Of which pairs are wanted in all; those that have one count. Where texts cannot be compared, further
            products are tried, three for each that is wanted. The next call asks the former ones again from the ledger.
        run_id: Kept with every row.

    Raises:
        PermanentError: the model is no policy, its SFT model is not registered, a model cannot be used here, or no
            product is held out.
    """
    from vitrina.serving.gateway import served_gateway

    if policy.role != RegisteredModel.Role.POLICY:
        raise PermanentError(f"{policy} is no policy.", hint="`vitrina policy models` lists them.")
    sft = _start_of(policy)
    writers = trained_writer(store, settings, policy), trained_writer(store, settings, sft)
    cache = settings.vitrina_home / "training" / "models"
    learned = {
        group
        for row in (policy, sft)
        for group, fold in trained_groups(services.fetch(store, row, cache)).items()
        if fold == "train"
    }
    standing = set(origins_of(policy.model_id, sft.model_id).values_list("pair__product", flat=True))
    free = (Chosen(pk, GATE) for pk in held_out(policy, learned, settings.language) if pk not in standing)
    missing = max(products - len(standing), 0)
    left = missing * _TRIES
    result = PairsResult()
    wanted = list(islice(free, missing))
    if not standing and not wanted:
        raise PermanentError(
            "No product is held out for this policy: it learned on all of them, or none is listed.",
            hint="Products of further drops are held out for it.",
        )
    while wanted:
        facts = facts_of((one.product for one in wanted), settings.language)
        orders = dict.fromkeys(facts, writers)
        with served_gateway(settings, str(writers[0].model), run_id=run_id) as served:
            result.texts.add(write_candidates(facts, orders, CONTRACT, served, served=served, run_id=run_id))
        pairs = written_pairs(wanted, orders, facts, CONTRACT, result)
        send(pairs, facts, settings, result, run_id=run_id, contract=CONTRACT, series=SERIES)
        # A small model's texts often break the contract: other products are asked for in their place.
        left -= len(wanted)
        wanted = list(islice(free, max(min(missing - result.pairs, left), 0)))
    return PolicyPairs(policy, sft, len(standing), result)


def held_out(policy: RegisteredModel, learned: set[str], language: str) -> Iterator[int]:
    """Listed products that a policy and its SFT model have not learned on, always in the same order.

    Those that the split of datasets keeps for tests come first: no near-duplicate of theirs was learned either. Those
    that it gave to training are left out, whoever learned on them.

    Args:
        learned: Prompt groups that the two models were trained on.
    """
    drawn = MD5(Concat(Value(f"{policy.model_id}/"), Cast("pk", TextField()), output_field=TextField()))
    order = (
        Product.objects.filter(listed=True)
        .exclude(Exists(_sides(SplitSide.Side.TRAIN, SplitSide.Side.VALIDATION)))
        .annotate(tested=Exists(_sides(SplitSide.Side.TEST)), drawn=drawn)
        .order_by("-tested", "drawn", "pk")
        .values_list("pk", flat=True)
    )
    remaining = iter(list(order))
    while group := list(islice(remaining, _GROUP)):
        facts = facts_of(group, language)
        yield from (pk for pk in group if pk in facts and prompt_group(prompt_text(facts[pk], CONTRACT)) not in learned)


def _sides(*sides: str) -> QuerySet[SplitSide]:
    key = Concat(Value("product:"), Cast(OuterRef("pk"), TextField()), output_field=TextField())
    return SplitSide.objects.filter(key=key, side__in=sides)


def _start_of(policy: RegisteredModel) -> RegisteredModel:
    model_id = str(policy.manifest.get("sft_model_id", ""))
    found = RegisteredModel.objects.filter(role=RegisteredModel.Role.SFT, model_id=model_id).first()
    if found is None:
        raise PermanentError(
            f"The SFT model that {policy} came from ({model_id[:12] or 'not named'}) is not registered.",
            hint="A policy is compared with the model it started from; materialise sft_model again.",
        )
    return found
