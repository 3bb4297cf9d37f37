"""How products are processed on a person's demand: one list of options for the page, the API and the job.

Belongs here: the options and what they mean. Stays out: asking for the run (``dagster``), the job that takes them
(``pipelines.product_jobs``). Pure: the job's code location imports it.
"""

from __future__ import annotations

from pydantic import BaseModel


class ProcessingOptions(BaseModel):
    """Which steps, and how.

    ``refresh`` makes again what stands but was made by an older prompt, template or model. ``force`` asks for another
    text whatever stands; ``again`` is the number of that try, so that the ledger does not answer with the old one.
    ``template`` names the only template that the prompt shows.
    """

    pictures: bool = False
    categorise: bool = True
    describe: bool = True
    refresh: bool = False
    force: bool = False
    again: int = 0
    template: str = ""
