"""The overview: what the platform and its people did in a period. For moderators and administrators."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from vitrina.accounts.access import opens_for
from vitrina.accounts.roles import Access, may_open
from vitrina.catalog.reference_data import lacking
from vitrina.config import get_settings
from vitrina.llm.failures import FailureCount, Which, count_failures
from vitrina.numbers import marts, moderation, processing
from vitrina.numbers.periods import Period
from vitrina.numbers.svg import Plot, Series, bars
from vitrina.numbers.views.frame import asked_period, day_names, page
from vitrina.numbers.words import word
from vitrina.project.database import database_url, psycopg_dsn
from vitrina.review.services import open_counts

REASONS_MART = "review_reasons"
MOST_RULES = 20
_SHADES = {"approve": "s2", "edit": "s1", "reject": "s4", "reprocess": "s3"}
_RULES = """
SELECT kind, rule, max(said_ru) AS said_ru, max(said_en) AS said_en, sum(open_cases)::bigint AS cases
FROM marts.review_reasons GROUP BY kind, rule ORDER BY 5 DESC, 2 LIMIT %s
"""


@opens_for(Access.SIGNED_IN)
def numbers(request: HttpRequest) -> HttpResponse:
    """The first page of numbers that a person may open."""
    return redirect("numbers_overview" if may_open(request.user, Access.MODERATOR) else "numbers_me")


@opens_for(Access.MODERATOR)
def overview(request: HttpRequest) -> HttpResponse:
    """Drops, texts, cost, confidence, decisions, failures."""
    period, choice = asked_period(request)
    work = processing.work(period)
    cost, cost_total, kinds = processing.costs(period)
    decided = moderation.decisions(period)
    failures = _failures(period)
    sure = processing.confidences(period)
    context: dict[str, Any] = {
        **choice,
        "marts": marts.standing(*processing.MARTS, REASONS_MART),
        "totals": {name: work.total(name) for name in processing.COLUMNS},
        "automatic": work.automatic,
        "statistics": processing.statistics(period, sure["category"]),
        "lacking": lacking(),
        "waiting": open_counts(),
        "texts_plot": _texts(period, work),
        "published_plot": _published(period, work),
        "costs": [(one, _part(one.known_cost_usd, cost_total.known_cost_usd)) for one in cost],
        "cost_total": cost_total,
        "more_costs": kinds - len(cost),
        "confidence_plots": _confidence(sure),
        "decided": decided,
        "decisions_plot": _decisions(period, decided),
        "reasons": [(word(code, "reason"), count, _part(count, decided.reasons[0][1]))
                    for code, count in decided.reasons],
        "rules": _rules(),
        "failures": [(one, _part(one.count, failures[0].count)) for one in failures],
    }  # fmt: skip
    return page(request, "overview", context)


def _part(value: Any, of: Any) -> float:
    return float(value) / float(of) if of else 0.0


def _texts(period: Period, work: processing.Work) -> Plot:
    automatic, people = work.total("approved_automatically"), work.total("sent_to_people")
    unjudged = [texts - judged for texts, judged in zip(work.values("texts"), work.values("judged"), strict=True)]
    return bars(
        "texts", _("Texts by day"),
        _("%(days)d days: %(automatic)d texts passed automatically, %(people)d went to people.")
        % {"days": period.days, "automatic": automatic, "people": people},
        day_names(period.dates),
        [
            Series(_("passed automatically"), work.values("approved_automatically"), "s2"),
            Series(_("sent to people"), work.values("sent_to_people"), "s3"),
            Series(_("not judged yet"), unjudged, "s5"),
        ],
    )  # fmt: skip


def _published(period: Period, work: processing.Work) -> Plot:
    return bars(
        "published", _("Published by day"),
        _("%(days)d days: %(n)d products, by the day when what buyers see now was published.")
        % {"days": period.days, "n": work.total("published")},
        day_names(period.dates), [Series(_("published"), work.values("published"), "s1")],
    )  # fmt: skip


def _confidence(sure: dict[str, processing.Confidence]) -> list[tuple[Plot, processing.Confidence]]:
    titles = {
        "category": (_("Confidence of categories"), _("How sure the answers are, from 0 to 100 %.")),
        "text": (_("Support of texts"), _("Share of a text's claims that its inputs support, from 0 to 100 %.")),
    }
    places = [f"{number * 5}–{number * 5 + 5} %" for number in range(processing.STEPS)]
    return [
        (bars(f"confidence-{what}", *titles[what], places,
              [Series(_("answers"), [float(n) for n in found.answers], "s1")], labels=5), found)
        for what, found in sure.items()
    ]  # fmt: skip


def _decisions(period: Period, decided: moderation.Decisions) -> Plot:
    series = [
        Series(word(action, "action"), [float(count) for count in counts], _SHADES.get(action, "s5"))
        for action, counts in decided.by_day.items()
    ]
    told = ", ".join(f"{one.label} {one.total:g}" for one in series)
    return bars(
        "decisions", _("Decisions by day"),
        _("%(days)d days: %(told)s.") % {"days": period.days, "told": told}, day_names(period.dates), series,
    )  # fmt: skip


def _rules() -> list[dict[str, Any]]:
    """Why cases wait, in the reader's language; the rule's code where it has no words."""
    own = "said_ru" if get_language() == "ru" else "said_en"
    found = marts.rows(_RULES, [MOST_RULES])
    most = found[0]["cases"] if found else 0
    return [row | {"said": row[own] or row["rule"], "share": _part(row["cases"], most)} for row in found]


def _failures(period: Period) -> list[FailureCount]:
    """Requests that ended without an answer and were not made good, the most frequent first."""
    found = count_failures(psycopg_dsn(database_url(get_settings())), Which(since=period.since))
    return sorted(found, key=lambda one: -one.count)[:MOST_RULES]
