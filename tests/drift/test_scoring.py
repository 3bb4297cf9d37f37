"""Which model scores which pair: the one in use at the first vote, whenever and however often it is asked."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.preferences.people import batch, collected, longer, person, vote
from vitrina.errors import RetryableError

pytestmark = pytest.mark.usefixtures("database")
MODEL = {"kind": "linear", "prefix": "p", "manifest_sha256": "0" * 64, "passed": True}


class ByLength:
    """Prefers the longer text, or the shorter one; ``dies_after`` so many pairs, and counts what it was asked."""

    def __init__(self, sign: int = 1, dies_after: int | None = None) -> None:
        self.sign, self.dies_after, self.asked = sign, dies_after, 0

    def margins(self, pairs: Sequence[tuple[str, str, str]]) -> Sequence[float]:
        self.asked += len(pairs)
        if self.dies_after is not None and self.asked > self.dies_after:
            raise KeyboardInterrupt
        return [self.sign * (len(first) - len(second)) / 10 for _, first, second in pairs]


def opener(model: Any, **facts: Any) -> Any:
    from vitrina.drift.scoring import Opened

    return lambda row: Opened(model, **facts)


def champion(name: str, *, accuracy: float = 0.9, hours_ago: float = 1) -> Any:
    """A model that was promoted so long ago."""
    from vitrina.models_registry import services
    from vitrina.models_registry.models import Promotion, RegisteredModel

    row = RegisteredModel.objects.create(role="reward", model_id=name * 64, report={"accuracy": accuracy}, **MODEL)
    made = services.promote(row, by=services.GATE)
    assert made is not None
    Promotion.objects.filter(pk=made.pk).update(created_at=datetime.now(UTC) - timedelta(hours=hours_ago))
    return row


def votes_at(hours_ago: float) -> None:
    """All votes that stand now were cast so long ago."""
    from vitrina.review.models import Decision

    Decision.objects.filter(created_at__gt=datetime.now(UTC) - timedelta(minutes=30)).update(
        created_at=datetime.now(UTC) - timedelta(hours=hours_ago)
    )


def table() -> list[dict[str, Any]]:
    from vitrina.drift.models import ChampionScore

    names = ("key", "champion__model_id", "why", "margin", "right", "votes_right", "votes_decided", "prompt_seen")
    return list(ChampionScore.objects.order_by("key").values(*names))


def test_every_pair_is_scored_once_by_the_model_in_use_when_it_was_voted_on():
    from vitrina.drift.scoring import score_new

    where = batch(4, overlap=1)
    vote(person(), where, most=1)
    votes_at(9)
    champion("a", hours_ago=6)
    vote(person(), where, most=1)
    votes_at(5)
    champion("b", hours_ago=3)
    vote(person(), where, "E", most=1)
    vote(person(), where)
    collected()
    asked = {}

    def by_name(row: Any) -> Any:
        from vitrina.drift.scoring import Opened

        return Opened(asked.setdefault(row.model_id[0], ByLength(1 if row.model_id[0] == "a" else -1)))

    assert score_new(by_name).added == 4
    found = sorted((row["champion__model_id"] or "-")[0] + str(row["right"]) for row in table())
    assert found == ["-None", "aTrue", "bFalse", "bNone"]
    assert {row["why"] for row in table()} == {"scored", "no_champion"}
    before, counted = table(), {name: model.asked for name, model in asked.items()}
    again = score_new(by_name)
    assert (again.added, again.changed, again.removed, table()) == (0, 0, 0, before)
    assert {name: model.asked for name, model in asked.items()} == counted == {"a": 1, "b": 2}


def test_a_pass_that_is_killed_goes_on_and_comes_to_the_same_rows():
    from vitrina.drift.scoring import score_new

    champion("a")
    vote(person(), batch(12, overlap=1))
    collected()
    dies = ByLength(dies_after=8)
    with pytest.raises(KeyboardInterrupt):
        score_new(opener(dies), chunk=4)
    assert len(table()) == 8
    lives = ByLength()
    assert score_new(opener(lives), chunk=4).added == lives.asked == 4
    resumed = table()
    from vitrina.drift.models import ChampionScore

    ChampionScore.objects.all().delete()
    score_new(opener(ByLength()))
    assert table() == resumed
    assert len(resumed) == 12


def test_a_second_vote_changes_what_people_said_and_not_the_model():
    from vitrina.drift.scoring import score_new

    champion("a")
    where = batch(2, overlap=2)
    vote(person(), where, longer)
    collected()
    score_new(opener(ByLength()))
    champion("b", hours_ago=0)
    vote(person(), where, lambda pair: "B" if longer(pair) == "A" else "A")
    collected()
    assert score_new(opener(ByLength())).changed == 2
    for row in table():
        assert (row["champion__model_id"][0], row["right"]) == ("a", None)
        assert (row["votes_right"], row["votes_decided"]) == (1, 2)


def test_votes_that_are_taken_back_leave_no_row():
    from vitrina.drift.scoring import score_new
    from vitrina.review.models import Decision

    champion("a")
    vote(person(), batch(3, overlap=1))
    collected()
    score_new(opener(ByLength()))
    Decision.objects.filter(pk=Decision.objects.earliest("pk").pk).update(voided_at=datetime.now(UTC))
    collected()
    assert score_new(opener(ByLength())).removed == 1
    assert len(table()) == 2


def test_prompts_that_the_model_knows_and_pairs_that_it_picked_do_not_count():
    from vitrina.drift import reading
    from vitrina.drift.models import ChampionScore
    from vitrina.drift.scoring import score_new
    from vitrina.preferences.models import Preference

    row = champion("a")
    vote(person(), batch(6, overlap=1))
    collected()
    known = Preference.objects.order_by("pk").values_list("prompt_group", flat=True)[:2]
    score_new(opener(ByLength(), groups=frozenset(known)))
    assert sum(each["prompt_seen"] for each in table()) == 2
    unseen = ChampionScore.objects.filter(prompt_seen=False).order_by("pk")
    ChampionScore.objects.filter(pk=unseen[0].pk).update(chosen_for="least_certain")
    present = reading.present()
    assert present is not None
    assert (present.model, len(present.rows), present.promised[0]) == (row, 3, 0.9)
    counts = reading.counts()
    assert counts == {"pairs": 6, "counted": 3, "picked_by_the_model": 1, "prompt_seen": 2, "not_decided": 0}
    assert reading.single_votes().n == 3


def test_a_model_of_another_contract_says_nothing():
    from vitrina.drift.scoring import score_new
    from vitrina.preferences.models import Preference

    champion("a")
    vote(person(), batch(2, overlap=1))
    collected()
    Preference.objects.update(contract="description")
    model = ByLength()
    score_new(opener(model, contracts=frozenset({"card"})))
    assert {(row["why"], row["margin"]) for row in table()} == {("other_contract", None)}
    assert model.asked == 0


def test_pairs_wait_for_a_model_that_cannot_be_opened_or_does_not_answer():
    from vitrina.drift.scoring import score_new

    class Down:
        asked = 0

        def margins(self, pairs: Any) -> Any:
            Down.asked += 1
            raise RetryableError("The service is down.")

    def missing(row: Any) -> Any:
        raise RetryableError("The store is down.")

    champion("a")
    vote(person(), batch(4, overlap=1))
    collected()
    for opening in (missing, opener(Down())):
        found = score_new(opening, chunk=2)
        assert (found.added, sum(found.waiting.values()), table()) == (0, 4, [])
    assert Down.asked == 1
    assert score_new(opener(ByLength())).added == 4


def test_a_registered_model_is_opened_verified_and_scores_as_in_the_evaluation(settings, tmp_path):
    from tests.reward.made import made
    from vitrina.drift.scoring import opener_of
    from vitrina.models_registry import services
    from vitrina.objects import FolderStore
    from vitrina.preferences.formats import load
    from vitrina.reward.fitting import Plan, train
    from vitrina.reward.models import ModelKind

    model = train(load([made(tmp_path, 120)]), Plan(tmp_path / "model", ModelKind.LINEAR))
    store = FolderStore(tmp_path / "objects")
    row = services.register(store, model.folder, "reward", report={}, rules=[])
    opened = opener_of(store, settings)(row)
    texts = ("Вес 540 г. Материал сталь.", "Лучший в мире.")
    first, second = model.scores(["", ""], texts)
    assert opened.model.margins([("", *texts)]) == [first - second]
    assert opened.groups == frozenset(model.trained_groups())


def test_one_window_after_the_other_is_drawn():
    from vitrina.drift import plots, reading
    from vitrina.drift.scoring import score_new

    assert plots.draw(reading.reigns()) is None
    champion("a")
    vote(person(), batch(9, overlap=1))
    collected()
    score_new(opener(ByLength()))
    assert plots.draw(reading.reigns(), 4).startswith(b"\x89PNG")
