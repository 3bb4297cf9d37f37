"""Analysis of stored pictures: which are new, measuring them, keeping what was found.

Belongs here: the local analysis over the tables. Stays out: the measures (``measure``), the vision model (``asking``),
which picture belongs to which product's story (``reading``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q

from vitrina.config import Settings
from vitrina.errors import RetryableError
from vitrina.images.analysis.measure import ANALYSER_VERSION, PictureFacts, analyse
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.models import Picture
from vitrina.objects import ObjectStore
from vitrina.warehouse import copy_upsert

#: Pictures that are measured and then committed together: a killed run measures at most these again (3 s).
GROUP = 128
_COLUMNS = ("picture", "state", "message", "analyser", "facts", "quality", "run_id")


@dataclass(slots=True)
class AnalysisResult:
    """Counts of one pass.

    Attributes:
        pictures: Stored pictures of the products.
        analysed, unchanged, failed: Of them; ``why`` counts failures by message.
    """

    pictures: int = 0
    analysed: int = 0
    unchanged: int = 0
    failed: int = 0
    why: Counter[str] = field(default_factory=Counter)


def stored_pictures(product_ids: Sequence[int]) -> list[str]:
    """Hashes of stored pictures that the products show, each once."""
    shown = Picture.objects.filter(
        state=Picture.State.STORED, urls__shown_by__product__in=list(product_ids), urls__state="stored"
    )
    return list(shown.exclude(jpeg_key="").order_by("pk").distinct().values_list("pk", flat=True))


def analyse_products(
    product_ids: Sequence[int], store: ObjectStore, settings: Settings, *, run_id: str = ""
) -> AnalysisResult:
    """Measure every stored picture of the products that this version of the analysis has not seen.

    A picture that cannot be read is kept as failed with the reason, and looked at again at the next pass.

    Raises:
        RetryableError: the object store does not answer; what was measured stands.
    """
    shown = stored_pictures(product_ids)
    result = AnalysisResult(pictures=len(shown))
    known = Q(analysis__analyser=ANALYSER_VERSION, analysis__state=PictureAnalysis.State.DONE)
    with ThreadPoolExecutor(max_workers=settings.image_workers) as threads:
        for group in batched_ids(shown):
            rows = list(Picture.objects.filter(pk__in=group).exclude(known))
            result.unchanged += len(group) - len(rows)
            _keep(list(zip(rows, threads.map(lambda row: _measured(row, store), rows), strict=True)), result, run_id)
    return result


def batched_ids(ids: Sequence[str]) -> Iterator[list[str]]:
    """Groups of :data:`GROUP`."""
    for start in range(0, len(ids), GROUP):
        yield list(ids[start : start + GROUP])


def decode(data: bytes) -> Any:
    """Our own processed JPEG as (height, width, 3) RGB.

    Raises:
        ValueError: the bytes are no picture.
    """
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if pixels is None:
        raise ValueError("the stored picture cannot be decoded")
    return pixels


def _measured(picture: Picture, store: ObjectStore) -> PictureFacts | str:
    """Facts, or why there are none. Runs in a thread: no database here."""
    size = (picture.width, picture.height) if picture.width and picture.height else None
    try:
        return analyse(decode(store.get(picture.jpeg_key)), size=size)
    except RetryableError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not stop the others; it is kept and counted
        return f"{type(error).__name__}: {error}"[:500]


def _keep(measured: Sequence[tuple[Picture, PictureFacts | str]], result: AnalysisResult, run_id: str) -> None:
    if not measured:
        return
    rows: list[tuple[Any, ...]] = []
    hashes: list[Picture] = []
    for picture, facts in measured:
        if isinstance(facts, str):
            result.failed += 1
            result.why[facts] += 1
            rows.append((picture.pk, PictureAnalysis.State.FAILED.value, facts, ANALYSER_VERSION, {}, None, run_id))
        else:
            result.analysed += 1
            picture.phash = facts.phash
            hashes.append(picture)
            rows.append(
                (picture.pk, PictureAnalysis.State.DONE.value, "", ANALYSER_VERSION, facts.as_dict(),
                 facts.quality.score, run_id)
            )  # fmt: skip
    with transaction.atomic():
        copy_upsert(PictureAnalysis, _COLUMNS, rows, key=("picture",), compare=_COLUMNS[1:-1])
        Picture.objects.bulk_update(hashes, ["phash"], batch_size=GROUP)
