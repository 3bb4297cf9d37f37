"""Best of n in asset metadata: what was offered, what was chosen, by how much it was better.

Belongs here: figures of choices as metadata, for all assets that choose. Stays out: choosing.
"""

from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.plots import bars, histogram, table

if TYPE_CHECKING:
    from vitrina.preferences.choosing import Tally


def choice_metadata(context: dg.AssetExecutionContext, tally: "Tally") -> dict[str, Any]:
    """Metadata of choices; choices that no reward model made are a warning in the log as well."""
    for why, count in tally.unscored.items():
        context.log.warning("%d products have the first fit text: %s.", count, why)
    shares = [
        (writer, offered, tally.chosen[writer], f"{tally.chosen[writer] / offered:.3f}")
        for writer, offered in sorted(tally.offered.items())
    ]
    mean = sum(tally.uplifts) / len(tally.uplifts) if tally.uplifts else None
    return {
        "candidates": tally.candidates,
        "chosen_by_writer": table(["writer", "texts", "chosen", "share chosen"], shares),
        "not_fit": dg.MetadataValue.json(dict(tally.unfit)),
        "not_fit_plot": bars(tally.unfit, title="Texts that break contract or facts", x_label="texts"),
        "products_without_a_fit_text": tally.none_fit,
        "not_chosen_by_a_model": dg.MetadataValue.json(dict(tally.unscored)),
        "judges_and_writers": dg.MetadataValue.json(tally.notes),
        "mean_uplift": "undefined: nothing was scored" if mean is None else round(mean, 4),
        "uplift_plot": histogram(
            tally.uplifts, title="Score of the chosen above the mean of its candidates", x_label="score, in log odds"
        ),
    }
