"""Files as other shops, parsers and suppliers leave them are read right, or refused with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.feeds.samples import ALL
from tests.feeds.samples.sample import Sample
from vitrina.feeds.preview import check_files
from vitrina.feeds.reading import read_drop
from vitrina.feeds.records import DropFile, DropUnreadable, ParsedProduct, ReadDrop


def written(sample: Sample, folder: Path) -> list[Path]:
    paths = []
    for name, content in sample.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def read(sample: Sample, folder: Path) -> ReadDrop:
    files = [DropFile(path, path.name) for path in written(sample, folder)]
    return read_drop(files, sample.config)


def seen(product: ParsedProduct, name: str) -> Any:
    return product.attributes.get(name[5:]) if name.startswith("attr:") else getattr(product, name)


@pytest.mark.parametrize("sample", [s for s in ALL if not s.refused], ids=lambda s: s.name)
def test_a_file_of_another_shop_is_read_right(sample: Sample, tmp_path: Path) -> None:
    drop = read(sample, tmp_path)
    report = drop.report
    assert report.balanced()
    counts = (report.format, report.accepted, report.quarantined, report.merged)
    assert counts == (sample.format, sample.accepted, sample.quarantined, sample.merged), report
    for index, wanted in sample.products.items():
        found = {name: seen(drop.products[index], name) for name in wanted}
        assert found == dict(wanted), (drop.products[index], report)
    for fragment in sample.notes:
        assert any(fragment in note for note in report.notes), report.notes


@pytest.mark.parametrize("sample", [s for s in ALL if s.refused], ids=lambda s: s.name)
def test_what_cannot_be_told_is_refused_with_what_to_do(sample: Sample, tmp_path: Path) -> None:
    with pytest.raises(DropUnreadable) as refusal:
        read(sample, tmp_path)
    assert sample.refused in f"{refusal.value.message} {refusal.value.hint}"
    assert refusal.value.hint


@pytest.mark.parametrize("sample", [s for s in ALL if not s.refused][::5], ids=lambda s: s.name)
def test_the_dry_run_says_the_same(sample: Sample, tmp_path: Path) -> None:
    seen_by_check = check_files(written(sample, tmp_path), sample.config)
    assert (seen_by_check["accepted"], seen_by_check["balanced"]) == (sample.accepted, True)
