"""The course of the demo: its stages in order, each done once.

Belongs here: which job of the platform is run when and with which settings. Stays out: the jobs, the people
(``voting``), the figures (``measures``, ``report``). Each stage can be begun again after a kill: jobs of the platform
do nothing twice, and pairs and votes are counted before more are asked for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulation import models, voting
from simulation.annotators import PEOPLE
from simulation.drops import drop_files
from simulation.gold import gold_pairs
from simulation.home import Opened
from simulation.plan import Record
from simulation.platform import Platform
from simulation.products import make_products
from simulation.tuning import GOLD, OWN_BEST_OF, RLOO, SFT, SHARES, WEEKS
from vitrina.config import PROJECT_ROOT, get_settings

_REFRESH = {"vitrina/refresh": "true"}
Told = dict[str, Any]


def _processor_seconds() -> float:
    """Of this process and of those that it started and that have ended; not of PostgreSQL and the desk."""
    return sum(os.times()[:4])


@dataclass
class Course:
    """One run on an opened home.

    Attributes:
        say: Tells a person what is going on now.
        settled: Waits until votes cannot be undone any more; by default as long as it takes.
    """

    up: Opened
    record: Record
    say: Callable[[str], None]
    settled: Callable[[], object] | None = None
    people_keys: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.size = self.record.size
        self.platform = Platform(self.up.instance, self.up.settings)

    def stages(self) -> list[tuple[str, str, Callable[[], Told]]]:
        """Key, what a person reads, and what is done."""
        rounds = []
        for number in (1, 2):
            rounds += [
                (f"pairs_{number}", f"round {number}: pairs are sent to the desk", self._bound(self.pairs, number)),
                (f"votes_{number}", f"round {number}: people compare over the API", self._bound(self.votes, number)),
                (f"dataset_{number}", f"round {number}: preferences and dataset", self.dataset),
                (f"reward_{number}", f"round {number}: reward model", self._bound(self.reward, number)),
            ]
            if number == 1:
                words = f"round 1: cards, best of {OWN_BEST_OF} by its model"
                rounds.append(("own_cards_1", words, self._bound(self.own_cards, 1)))
        policy = [
            ("own_cards_2", f"round 2: cards, best of {OWN_BEST_OF} by its model", self._bound(self.own_cards, 2)),
            ("sft", "round 2: a small model learns to write (SFT)", self.sft),
            ("policy", "round 2: it learns from the reward model (RLOO)", self.policy),
        ]
        policy += [
            ("cards_3", "cards of the new goods, the policy one of the writers", self._bound(self.cards, 3)),
            ("alone", "what the trained models write without a choice", self.alone),
        ]
        return [
            ("goods", f"{self.size.products} goods come in", self.goods),
            *rounds,
            ("held_out", f"{self.size.held_out} new goods come in, which nobody has seen", self.held_out),
            ("cards_1", "their cards as after round 1", self._bound(self.cards, 1)),
            ("cards_2", "their cards as after round 2", self._bound(self.cards, 2)),
            *(policy if self.size.policy else []),
        ]

    @staticmethod
    def _bound(stage: Callable[[int], Told], number: int) -> Callable[[], Told]:
        return lambda: stage(number)

    def run(self, title: Callable[[str, int, int], None], ended: Callable[[str, Told], None]) -> None:
        """Do what is left; ``title`` hears what begins, ``ended`` what came of it."""
        self.people_keys = voting.make_people(PEOPLE)
        stages = self.stages()
        for place, (key, words, stage) in enumerate(stages, 1):
            if key in self.record.done:
                continue
            title(words, place, len(stages))
            began, used = time.monotonic(), _processor_seconds()
            told = stage()
            told |= {
                "seconds": round(time.monotonic() - began, 1),
                "processor_seconds": round(_processor_seconds() - used, 1),
            }
            self.record.finish(key, told)
            ended(words, told)

    # -- goods ---------------------------------------------------------------------------------------

    def goods(self) -> Told:
        """Categories and templates of the samples, then the first delivery through the whole intake."""
        from vitrina.objects import open_store

        store = open_store(self.up.settings)
        for name in ("categories.yaml", "templates.yaml"):
            store.put(f"reference/{name}", (PROJECT_ROOT / "samples" / name).read_bytes())
        self.say("categories, classifier and templates")
        self.platform.run("catalog", "reference_data")
        return self._delivery("first", 0, self.size.products, WEEKS)

    def held_out(self) -> Told:
        """The delivery that is measured: it comes when all training is over."""
        return self._delivery("last", self.size.products, self.size.held_out, 1)

    def _delivery(self, name: str, first: int, count: int, weeks: int) -> Told:
        """Goods in files of so many weeks, from two sources each."""
        self.say("reading drops")
        goods = list(make_products(self.size.seed, count, first=first))
        files: dict[str, bytes] = {}
        for week in range(weeks):
            files |= drop_files(goods[week::weeks], f"{name}-{week + 1}")
        keys = self.platform.take_in(files)
        self.say("categories of the goods")
        told = self.platform.run("catalog", "process_drop", keys=keys, select=["product_categories"])
        return {"drops": keys, "products": count, "decided_by": told["product_categories"]["decided_by"]}

    # -- a round -------------------------------------------------------------------------------------

    def pairs(self, number: int) -> Told:
        """Pairs of a round, as the platform's policy chooses products."""
        from vitrina.preferences.models import PairOrigin

        wanted = self.size.round_1 + (self.size.round_2 if number == 2 else 0)
        settings = get_settings()
        told: Told = {}
        left_out: dict[str, int] = {}
        settings.pair_shares = dict(SHARES[number])  # type: ignore[assignment]
        for _ in range(4):  # near-duplicates and texts that break their contract leave no pair
            missing = wanted - PairOrigin.objects.count()
            if missing <= max(wanted // 100, 0):
                break
            settings.pair_products = missing
            made = self.platform.run("feedback", "make_pairs")["response_pairs"]
            told = {"chosen_for": made["chosen_for"], "reward_model": made["reward_model"]}
            left_out = {**left_out, **made["left_out"]}
            if not made["pairs"]:
                break
        return {**told, "pairs": PairOrigin.objects.count(), "left_out": left_out}

    def votes(self, number: int) -> Told:
        """Gold is mixed in, everybody compares, who fails the gold is thrown out, and the minute for undoing passes."""
        from django.db.models import Count, Q

        from vitrina.review.models import Batch, Decision

        batches = list(Batch.objects.filter(created_by=None, state=Batch.State.OPEN).order_by("pk"))
        known = gold_pairs(self.size.seed + number, GOLD)
        for batch in batches:
            voting.add_gold(self.up.desk, self.people_keys["lead"], batch.pk, known)
        # Who was caught in the first round is not asked again
        caught = set(self.record.done.get("votes_1", {}).get("careless", {}))
        people = [one for one in PEOPLE if one.email not in caught]
        before = Decision.objects.filter(action="compare").count()

        def tell(_: int) -> None:
            self.said += 1
            if self.said % 50 == 0:
                self.say(f"{before + self.said} votes")

        self.said = 0
        result = voting.vote(
            self.up.desk, self.people_keys, people, [one.pk for one in batches], seed=self.size.seed, tell=tell
        )
        lead = voting.DeskClient(self.up.desk, self.people_keys["lead"])
        for batch in batches:  # the next round has batches, and gold, of its own
            lead.must("PATCH", f"batches/{batch.pk}", {"state": "closed"})
        lead.close()
        (self.settled or self._undo_window)()
        votes = Decision.objects.filter(action="compare").aggregate(
            all=Count("pk"), standing=Count("pk", filter=Q(voided_at=None, undone_at=None, superseded_by=None))
        )
        return {
            "votes": votes["all"], "standing": votes["standing"], "by_person": dict(result.given),
            "careless": result.careless, "voided": result.voided,
        }  # fmt: skip

    def _undo_window(self) -> None:
        from django.db.models import Max

        from vitrina.review.models import Outbox

        last = Outbox.objects.filter(consumed_at=None, void_at=None).aggregate(last=Max("available_at"))["last"]
        while last is not None and (left := (last - datetime.now(UTC)).total_seconds()) > 0:
            self.say(f"votes count when they cannot be undone any more: {left:.0f} s")
            time.sleep(min(left, 1.0) + 0.05)

    def dataset(self) -> Told:
        """Preferences and the next version of the dataset."""
        told = self.platform.run("feedback", "make_preference_dataset")
        failed = sorted(name for name, passed in self.platform.checks.items() if not passed)
        made, people = told["preference_dataset"], told["preferences"]
        return {
            "version": made["version"], "pairs": made["pairs"], "ties": made["ties"], "failed_checks": failed,
            **{name: people.get(name) for name in ("krippendorff_alpha", "gold_accuracy", "left_chosen")},
        }  # fmt: skip

    def reward(self, number: int) -> Told:
        """The reward model of a round. What the gate refuses is used all the same, under a signed reason, and told."""
        told = self.platform.run(
            "training", "train_reward_model", fails=False,
            config={"reward_model": {"kind": self.size.reward_kind, "seed": self.size.seed}},
        )  # fmt: skip
        return models.in_use("reward", told.get("reward_model"), f"round {number}", why=self.platform.why)

    # -- cards ---------------------------------------------------------------------------------------

    def own_cards(self, number: int) -> Told:
        """Cards of the first goods: round 2 compares the choice of round 1 with others, SFT learns from round 2's.

        The promoted reward model chooses; candidates that stand are chosen from again.
        """
        models.use("reward", self.record.done[f"reward_{number}"]["model_id"])
        return self._cards(self.record.done["goods"]["drops"], OWN_BEST_OF)

    def cards(self, number: int) -> Told:
        """Cards of the new goods with the models as they stood after round 1, after round 2, and with its policy."""
        models.use("reward", self.record.done[f"reward_{min(number, 2)}"]["model_id"])
        policy = self.record.done.get("policy", {}) if number == 3 else {}
        models.use("policy", policy.get("model_id") if policy.get("passed") else None)
        return self._cards(self.record.done["held_out"]["drops"], self.size.best_of)

    def _cards(self, keys: list[str], best_of: int) -> Told:
        get_settings().best_of = best_of
        told = self.platform.run("catalog", "process_drop", keys=keys, select=["product_cards"], tags=_REFRESH)
        made = told["product_cards"]
        return {name: made.get(name) for name in ("made", "texts_written", "mean_uplift", "judges_and_writers")}

    # -- models that write ---------------------------------------------------------------------------

    def sft(self) -> Told:
        """A model that writes, taught by what people preferred, and by the cards that the reward model kept."""
        files = models.examples(self.up, self.record.done["goods"]["drops"])
        told = self.platform.run(
            "training", "train_policy", select=["sft_model"], fails=False,
            config={"sft_model": {"seed": self.size.seed, "train": files, "settings": SFT}},
        )  # fmt: skip
        return models.in_use("sft", told.get("sft_model"), "round 2", why=self.platform.why, sign=False)

    def policy(self) -> Told:
        """The policy, optimised for the reward model of round 2; the gate says whether it may write."""
        told = self.platform.run(
            "training", "train_policy", select=["policy_model"], fails=False,
            config={"policy_model": {"seed": self.size.seed, "settings": RLOO}},
        )  # fmt: skip
        return models.in_use("policy", told.get("policy_model"), "round 2", why=self.platform.why, sign=False)

    def alone(self) -> Told:
        """One sample of each trained model for each new product, without any choice."""
        products, done = self.held_out_products(), self.record.done
        return {
            role: models.write_alone(role, done[role].get("model_id"), products, self.up, self.size)
            for role in ("sft", "policy")
        }

    def held_out_products(self) -> list[int]:
        """Ids of the goods that are measured."""
        from vitrina.catalog.models import Product

        keys = self.record.done["held_out"]["drops"]
        return list(Product.objects.filter(drop__key__in=keys).order_by("pk").values_list("pk", flat=True))
