"""What people see beside an asset: text stays text, tables fit, plots are small."""

from __future__ import annotations

import base64
import re

from assets.plots import bars, histogram, preview, table


def picture(markdown: str) -> bytes:
    found = re.fullmatch(r"!\[.*\]\(data:image/png;base64,(.*)\)", markdown)
    assert found, markdown[:100]
    return base64.b64decode(found[1])


def test_scraped_text_is_neither_markup_nor_a_picture() -> None:
    hostile = "![x](http://evil.example/p.png) <img src=x> [a](javascript:b) | `c` *d*"
    cell = table(["title"], [[hostile]]).value.splitlines()[2]
    assert "![" not in cell.replace("\\!", "").replace("\\[", "")
    assert "<" not in cell
    assert re.search(r"(?<!\\)[`*\[\]]", cell) is None
    assert len(re.findall(r"(?<!\\)\|", cell)) == 2


def test_line_ends_in_a_cell_do_not_end_the_row() -> None:
    assert len(table(["a", "b"], [["one\ntwo\r\nthree", None]]).value.splitlines()) == 3


def test_a_preview_is_shown_in_place() -> None:
    value = preview(["title"], [["Платье " * 30] for _ in range(100)]).value
    assert len(value) < 1000
    assert len(value.splitlines()) > 5


def test_a_preview_of_one_long_row_still_shows_it() -> None:
    assert len(preview(["a"] * 40, [["x" * 60] * 40]).value.splitlines()) == 3


def test_nothing_to_show_is_said() -> None:
    assert table(["a"], []).value == "*no rows*"
    assert preview(["a"], []).value == "*no rows*"
    assert "nothing to plot" in histogram([], title="Prices", x_label="RUB").value
    assert "nothing to plot" in histogram([0.0, -1.0], title="Prices", x_label="RUB", log=True).value
    assert "nothing to plot" in bars({}, title="Rules", x_label="texts").value


def test_plots_are_pictures_small_enough_for_the_event_log() -> None:
    one = picture(histogram([1.0, 2.0, 1000.0], title="Prices", x_label="RUB", log=True, marks={"here": 5.0}).value)
    other = picture(bars({f"категория {n}": n for n in range(60)}, title="Labels", x_label="titles").value)
    for png in (one, other):
        assert png.startswith(b"\x89PNG")
        assert len(png) < 50_000


def test_one_value_alone_can_be_plotted() -> None:
    assert picture(histogram([5.0], title="Prices", x_label="RUB", log=True).value)
