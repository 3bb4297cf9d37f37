"""The example of the documentation does what it says: it annotates ten pairs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Caller
    from vitrina.review.models import Batch

pytestmark = pytest.mark.usefixtures("database")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.mark.parametrize(("pairs", "said"), [(12, 10), (3, 3)])
def test_the_example_annotates_ten_pairs_or_as_many_as_there_are(
    caller: Callable[..., Caller], batch: Callable[..., Batch], desk: str, pairs: int, said: int
) -> None:
    from vitrina.review.models import Decision

    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    work = batch(pairs)
    env = os.environ | {"DESK": desk, "DESK_KEY": caller().key}
    done = subprocess.run(
        [sys.executable, "-c", code, str(work.pk)], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert f"{said} pairs" in done.stdout
    assert Decision.objects.count() == said
