"""Speed felt at the desk: ``python -m benchmarks.desk_felt [--keys 50] [--products 600]``.

gunicorn as ``make up`` starts it, a PostgreSQL of its own with planted goods, chromium without a window on the same
machine. On the comparison screen (keys 1 to 4) and on moderation (key A), each key is pressed as a person would, after
the former answer has settled. The time is that of the page's own clock, from the key to the second animation frame
after the next item stands in the document, when it is painted. Requests are those between the two moments that left
the browser: one each is wanted (the pair after the next is fetched ahead later, while nobody waits). ``asked`` names
them by address; signs of life and the list beside come by the clock, whatever is pressed, and are counted apart. What
the browser read from its own cache is no request: it does so with a page's icon for each new address in its line. Ends
with 2 where chromium is absent.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from typing import TYPE_CHECKING, Any

from benchmarks.__main__ import LACKS_DATA
from benchmarks.desk_http import ROOT, UNLIMITED, free_port, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SETTLED_MS = 700  # after an answer: the pair after the next is fetched, messages have come
#: Signs of life, and the list beside.
BY_THE_CLOCK = re.compile(r"/(beat|rows)/$")
#: Waits for the token of what is shown to change, then for two frames; keeps [milliseconds, paths that were asked for].
WATCH = """
(() => {
  const shown = () => {
    const input = document.querySelector('#decide input[name="token"], [data-decision] input[name="token"]');
    return input ? input.value : "";
  };
  window.painted = [];
  addEventListener("keydown", (event) => {
    const began = event.timeStamp, former = shown();
    const look = () => {
      if (shown() === former || !shown()) return;
      seen.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => {
        const after = performance.getEntriesByType("resource").filter((one) => one.startTime >= began);
        const left = after.filter((one) => one.deliveryType !== "cache" && /^http/.test(one.name));
        window.painted.push([performance.now() - began, left.map((one) => new URL(one.name).pathname)]);
      }));
    };
    const seen = new MutationObserver(look);
    seen.observe(document.body, { subtree: true, childList: true, attributes: true });
  }, true);
})();
"""


def main() -> int:
    """Both screens, a JSON object each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=50)
    parser.add_argument("--products", type=int, default=600)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.stderr.write("chromium is not installed: apt-get install chromium\n")
        return LACKS_DATA
    from vitrina.servers.testing import test_server

    with test_server() as server, tempfile.TemporaryDirectory(prefix="vitrina-felt-") as home:
        os.environ |= {"DATABASE_URL": server.fresh_dsn(), "VITRINA_HOME": home, **UNLIMITED}
        os.environ["DJANGO_SETTINGS_MODULE"] = "vitrina.project.desk_settings"
        from vitrina.project.setup import migrate

        migrate()
        screens = plant(given.keys, given.products)
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
                   "--no-control-socket", "--log-level", "warning", "vitrina.project.wsgi:application"]  # fmt: skip
        desk = subprocess.Popen(command, cwd=ROOT)
        try:
            wait_for(port)
            from playwright.sync_api import sync_playwright

            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
                for name, (path, cookie, keys) in screens.items():
                    found = measure(browser, f"http://127.0.0.1:{port}", path, cookie, keys)
                    sys.stdout.write(json.dumps({"screen": name, **found}) + "\n")
                browser.close()
        finally:
            desk.terminate()
            desk.wait(30)
    return 0


def plant(keys: int, products: int) -> dict[str, tuple[str, str, list[str]]]:
    """Goods with cases, and a batch without gold: screen → address, session and keys to press."""
    from django.contrib.auth.models import User
    from django.db import connection

    from vitrina.content.models import ContentVersion
    from vitrina.review.batches import add_pairs, create_batch
    from vitrina.review.guidelines import publish_guidelines
    from vitrina.review.models import ReviewItem
    from vitrina.review.results import PairDraft
    from vitrina.screenshots.seeding import seed

    people = {role: User.objects.get(pk=pk) for role, pk in seed(products=products).people.items()}
    rules = publish_guidelines(people["admin"], "felt", body_ru="Правила", body_en="Rules")
    batch = create_batch(people["admin"], name="felt", question_ru="Что понятнее?", question_en="Which is clearer?",
                         guidelines=rules, overlap=1)  # fmt: skip
    text = str(ContentVersion.objects.order_by("-pk").values_list("body", flat=True)[0])
    drafts = (PairDraft(f"{text}<p>{n}</p>", f"<p>Товар {n}.</p>{text}", prompt=str(n)) for n in range(2 * keys + 10))
    add_pairs(batch, drafts)
    cases = ReviewItem.objects.filter(kind="text", state="open", version__isnull=False).count()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {
        "comparison": (f"/compare/{batch.pk}/", session(people["annotator"]), ["1234"[n % 4] for n in range(keys)]),
        "moderation": ("/moderation/next/", session(people["moderator"]), ["a"] * min(keys, cases - 1)),
    }


def session(user: Any) -> str:
    """The cookie of somebody who signed in."""
    from django.test import Client

    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["vitrina_session"].value


def measure(browser: Browser, desk: str, path: str, cookie: str, keys: list[str]) -> dict[str, Any]:
    """Press the keys one after another."""
    context = browser.new_context(locale="ru", viewport={"width": 1440, "height": 900}, base_url=desk)
    context.add_cookies([{"name": "vitrina_session", "value": cookie, "url": desk}])
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(path)
    found = [_pressed(page, key, number) for number, key in enumerate(keys, 1)]
    context.close()
    times = sorted(ms for ms, _paths in found)
    asked = [[path for path in paths if not BY_THE_CLOCK.search(path)] for _ms, paths in found]
    places = (re.sub(r"\d+", "N", path) for paths in asked for path in paths)
    return {
        "keys": len(times), "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[max(0, round(len(times) * 0.95) - 1)], 1), "slowest_ms": round(times[-1], 1),
        "requests_a_decision": dict(Counter(str(len(paths)) for paths in asked)), "asked": dict(Counter(places)),
        "by_the_clock": sum(len(paths) for _ms, paths in found) - sum(map(len, asked)),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def _pressed(page: Page, key: str, number: int) -> tuple[float, list[str]]:
    page.wait_for_timeout(SETTLED_MS)
    page.keyboard.press(key)
    page.wait_for_function("(n) => window.painted.length >= n", arg=number, polling=50)
    ms, paths = page.evaluate("(n) => window.painted[n - 1]", number)
    return float(ms), list(paths)


if __name__ == "__main__":
    sys.exit(main())
