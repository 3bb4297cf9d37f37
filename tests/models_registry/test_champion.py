"""The champion helps to choose pairs: verified, and where it needs torch in a process of its own."""

from tests.models_registry.test_services import GOOD, folders, registry  # noqa: F401 - fixtures


def test_pairs_are_scored_by_the_champion_and_by_nobody_before_there_is_one(registry, folders, settings):  # noqa: F811
    from vitrina.preferences.champion import find_scorer

    services, store, _, register = registry
    assert find_scorer(store, settings) is None
    services.promote(register(folders[0]), by=services.GATE)
    scorer = find_scorer(store, settings)
    assert scorer is not None
    good, bad = "Вес 540 г. Цвет белый. Материал сталь.", "Лучший в мире. Хит продаж."
    first, second = scorer.margins([("Опиши", good, bad), ("Опиши", bad, good)])
    assert first == -second > 0


def test_a_champion_that_needs_torch_is_asked_in_its_process(registry, folders, settings, monkeypatch):  # noqa: F811
    import importlib.machinery

    from vitrina.models_registry.models import RegisteredModel
    from vitrina.preferences import champion

    services, store, _, register = registry
    row = register(folders[0], GOOD)
    services.promote(row, by=services.GATE)
    RegisteredModel.objects.filter(pk=row.pk).update(kind="ensemble")
    monkeypatch.setattr(champion, "find_spec", lambda _: None)
    assert champion.find_scorer(store, settings) is None
    assert "make train-env" in champion.find_champion(store, settings).note
    monkeypatch.setattr(champion, "find_spec", lambda name: importlib.machinery.ModuleSpec(name, None))
    assert type(champion.find_scorer(store, settings).model).__name__ == "ServedReward"
