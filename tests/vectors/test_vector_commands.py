"""Assets and commands of vectors on the processed samples."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from tests.conftest import Processed
from tests.fakes import catalogue
from vitrina.cli.reference import vectors_app


def test_a_second_materialisation_embeds_nothing_and_a_refit_moves_every_collection(processed: Processed) -> None:
    from vitrina.llm.models import LlmAttempt
    from vitrina.vectors.models import StoredVector, VectorCollection

    before = LlmAttempt.objects.filter(kind="embedding").count()
    assert before > 0
    result = catalogue.run("reference_data", processed.instance)
    [event] = result.asset_materializations_for_node("category_vectors")
    metadata = {name: value.value for name, value in event.metadata.items()}
    assert (metadata["embedded"], metadata["cost_usd"], metadata["embedding_calls"]) == (0, "0", 0)
    assert LlmAttempt.objects.filter(kind="embedding").count() == before

    active = set(VectorCollection.objects.filter(is_active=True).values_list("physical", flat=True))
    counts = {name: StoredVector.objects.filter(collection=name).count() for name in active}
    ended = CliRunner().invoke(vectors_app, ["rebuild", "--refit", "--prune", "--json"])
    assert ended.exit_code == 0, ended.output
    report = json.loads(ended.stdout)
    assert sorted(report["collections"].values()) == sorted(counts.values())
    assert active & report["collections"].keys() == set()
    assert set(report["dropped"]) == active
    again = json.loads(CliRunner().invoke(vectors_app, ["rebuild", "--json"]).stdout)
    assert sorted(again["collections"].values()) == sorted(counts.values())
    assert json.loads(CliRunner().invoke(vectors_app, ["init", "--json"]).stdout)["collections"]


def test_a_collections_name_and_a_refit_do_not_go_together(settings) -> None:
    ended = CliRunner().invoke(vectors_app, ["rebuild", "categories", "--refit"])
    assert ended.exit_code == 2
