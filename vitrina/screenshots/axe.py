"""What axe-core finds wrong with a page as a browser shows it, a line for each element.

Belongs here: running axe, and which of its rules. Stays out: opening pages, and what axe cannot see (order of keys,
focus after a swap, reflow).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

Rules = Literal["all", "colours", "names"]
#: WCAG 2.2 AA and all that it contains.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: What another theme changes of a page that was looked at wholly …
COLOURS = ("color-contrast", "link-in-text-block")
#: … and what another language changes.
NAMES = (
    "aria-command-name", "aria-input-field-name", "aria-meter-name", "aria-progressbar-name", "aria-toggle-field-name",
    "button-name", "document-title", "html-has-lang", "html-lang-valid", "image-alt", "input-button-name", "label",
    "link-name", "select-name", "summary-name", "svg-img-alt", "valid-lang",
)  # fmt: skip
#: Style sheets are not fetched once more: no rule of these tags reads them.
_RUN = "([within, options]) => axe.run(within || document, options).then((found) => found.violations)"


def violations(page: Page, *, within: str | None = None, rules: Rules = "all") -> list[str]:
    """What axe finds wrong with the page as it stands.

    Args:
        page: Loaded; what opens by itself is judged as it is open or closed now.
        within: A CSS selector: look at this part only.
        rules: ``colours`` or ``names`` alone, for a page whose rest was looked at in another guise.
    """
    from axe_playwright_python.sync_playwright import Axe

    only: dict[str, Any] = {"type": "tag", "values": TAGS}
    if rules != "all":
        only = {"type": "rule", "values": COLOURS if rules == "colours" else NAMES}
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate(_RUN, [within, {"runOnly": only, "resultTypes": ["violations"], "preload": False}])
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][0]}: {' '.join(str(node['failureSummary']).split())}\n"
        f"    {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
