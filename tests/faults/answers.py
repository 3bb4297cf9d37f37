"""What the fake model answers in fault tests."""

from __future__ import annotations

from tests.content.examples import description
from tests.fakes.llm_server import PRODUCT_ID


def answer() -> str:
    """A description that the contract takes for the product of any request."""
    number = 987654321
    return description(product_id=number).model_dump_json().replace(str(number), PRODUCT_ID)
