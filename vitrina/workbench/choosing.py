"""What a person may choose for the columns of a list and for how it is read: the form, and what was sent with it.

Belongs here: which fields and settings there are for a list, and from what was sent to changes of ``source.yaml``.
Stays out: making the changes (``vitrina.feeds.source_edit``), words (``words``), pages.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from vitrina.errors import PermanentError
from vitrina.feeds.records import CANONICAL_FIELDS, Fault, SourceConfig
from vitrina.feeds.source_config import SourceConfigError, load
from vitrina.feeds.source_edit import Changes
from vitrina.feeds.synonyms import ATTRIBUTE, IGNORE
from vitrina.workbench.incoming import Upload
from vitrina.workbench.words import COLUMN, SETTING, SETTING_VALUES, Word

#: Chosen for a column: what the reader takes it for by itself.
AUTO = "auto"
#: Fields that several columns may hold; of the others the reader takes one.
_MANY = frozenset({"image", "barcode", "color", "size", "material", "country", "gender", "composition"})
_TEXT, _SHEETS = frozenset({"csv", "tsv", "psv"}), frozenset({"xlsx", "xls", "xlsb", "ods"})
_OF_TEXT = frozenset({"delimiter", "language"})
#: Faults that other columns or settings may mend.
_MENDABLE = frozenset({Fault.NO_TITLE, Fault.NO_PRODUCTS, Fault.UNREADABLE})
_YES_NO = {"yes": True, "no": False}
COLUMN_PREFIX, SETTING_PREFIX, SEEN = "column-", "setting-", "seen"


class WrongChoice(PermanentError):
    """What was sent cannot be chosen; the message is for the person, in their language."""


@dataclass(frozen=True, slots=True)
class Option:
    """A line of a select."""

    value: str
    label: Word
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A select with what it stands beside.

    Attributes:
        name: Of the form's field.
        label: Header of the column, or what the setting is called.
        note: What the setting is for.
        samples: First values of a column.
        by_hand: Somebody has said it; the reader did not find it.
        fixed: Nothing can be said of this column alone.
    """

    name: str
    label: Word
    options: tuple[Option, ...]
    note: Word = ""
    samples: tuple[str, ...] = ()
    by_hand: bool = False
    fixed: bool = False

    @property
    def value(self) -> str:
        """What is selected."""
        return next((one.value for one in self.options if one.selected), "")

    def with_value(self, value: str) -> Choice:
        """The same with another line selected, where it has that line."""
        if value not in {one.value for one in self.options}:
            return self
        return replace(self, options=tuple(replace(one, selected=one.value == value) for one in self.options))


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """All that can be chosen for a list. ``seen``: a mark of what it was made from."""

    columns: tuple[Choice, ...]
    settings: tuple[Choice, ...]
    seen: str

    def with_sent(self, sent: Mapping[str, str]) -> ChoiceForm:
        """The same with what was sent selected, so that nobody chooses twice."""
        return replace(
            self,
            columns=tuple(one.with_value(sent.get(one.name, one.value)) for one in self.columns),
            settings=tuple(one.with_value(sent.get(one.name, one.value)) for one in self.settings),
        )


def form_of(upload: Upload) -> ChoiceForm | None:
    """The form for a list; ``None`` where nothing that could be chosen would help."""
    mendable = upload.fault in _MENDABLE or bool(upload.chosen)
    if upload.state != "read" and not (upload.state == "unreadable" and mendable):
        return None
    try:
        config = load(upload.settings_text, upload.source)
    except (SourceConfigError, UnicodeDecodeError):
        return None
    columns = tuple(_column(number, one) for number, one in enumerate(upload.seen))
    return ChoiceForm(columns, _settings(upload, config), _mark(upload))


def changes_of(upload: Upload, sent: Mapping[str, str]) -> Changes:
    """What was changed with the form.

    Args:
        upload: The list that the form was shown for.
        sent: Names and values, whatever they are.

    Raises:
        WrongChoice: A field or setting that there is not, two columns for one field, or a form of an earlier reading.
    """
    form = form_of(upload)
    if form is None or sent.get(SEEN) != form.seen:
        raise WrongChoice(_("The list has been read again since this page was loaded. Choose once more."))
    known = {one.name: one for one in (*form.columns, *form.settings)}
    for name, value in sent.items():
        if name.startswith((COLUMN_PREFIX, SETTING_PREFIX)):
            _check(known.get(name), name, value)
    changed = {
        number: sent[one.name]
        for number, one in enumerate(form.columns)
        if not one.fixed and one.name in sent and sent[one.name] != one.value
    }
    settings = {
        one.name.removeprefix(SETTING_PREFIX): _setting_value(sent[one.name])
        for one in form.settings
        if one.name in sent and sent[one.name] != one.value
    }
    return Changes(settings, _mapping(upload, form, changed))


def _check(choice: Choice | None, name: str, value: str) -> None:
    if choice is None:
        raise WrongChoice(_("“%(name)s” is nothing that can be chosen for this list.") % {"name": name[:80]})
    if value not in {one.value for one in choice.options}:
        raise WrongChoice(
            _("“%(value)s” cannot be chosen for “%(name)s”. Choose from the lists on the page.")
            % {"value": value[:80], "name": str(choice.label)[:80]}
        )


def _mapping(upload: Upload, form: ChoiceForm, changed: Mapping[int, str]) -> dict[str, str | None]:
    """Changed columns as keys of ``mapping``. Of other columns: one that was said to hold a field gives it up to the
    column that gets it now; pictures and barcodes stay where they are, which has to be said once one of them is."""
    _check_one_each(form, changed)
    given = set(changed.values())
    mapping: dict[str, str | None] = {}
    for number, one in enumerate(upload.seen):
        said, now = one["said_by"], form.columns[number].value
        if number in changed:
            mapping |= dict.fromkeys(said)
            if changed[number] != AUTO:
                mapping[one["key"]] = changed[number]
        elif now in given and now in CANONICAL_FIELDS:
            if now not in _MANY:
                mapping |= dict.fromkeys(said)
            elif not said and one["key"]:
                mapping[one["key"]] = now
    return mapping


def _check_one_each(form: ChoiceForm, changed: Mapping[int, str]) -> None:
    counts = Counter(field for field in changed.values() if field in CANONICAL_FIELDS)
    for field, count in counts.items():
        if count > 1 and field not in _MANY and field != "id":
            names = [str(form.columns[number].label) for number, chosen in changed.items() if chosen == field]
            raise WrongChoice(
                _("%(columns)s cannot all be “%(field)s”: choose it for one of them.")
                % {"columns": ", ".join(names)[:400], "field": COLUMN[field]}
            )


def _column(number: int, seen: Mapping[str, Any]) -> Choice:
    target, header = str(seen["target"]), str(seen["header"])
    by_hand = bool(seen["said_by"])
    # Under another name than its own an attribute is only by hand, and stays a line of its own
    own = target.partition(":")[2] if by_hand and target not in {ATTRIBUTE, f"{ATTRIBUTE}:{header}"} else ""
    now = target if own or not target.startswith(ATTRIBUTE) else ATTRIBUTE
    lines: list[tuple[str, Word]] = [(ATTRIBUTE, COLUMN[ATTRIBUTE]), (IGNORE, COLUMN[IGNORE])]
    lines += [(field, COLUMN[field]) for field in CANONICAL_FIELDS]
    if own:
        lines.append((target, _("an attribute called “%(name)s”") % {"name": own[:80]}))
    if by_hand:
        lines.insert(0, (AUTO, COLUMN[AUTO]))
    options = tuple(Option(value, label, value == now) for value, label in lines)
    samples = tuple(str(one) for one in seen["samples"])
    return Choice(f"{COLUMN_PREFIX}{number}", header, options, "", samples, by_hand, not seen["key"])


def _settings(upload: Upload, config: SourceConfig) -> tuple[Choice, ...]:
    kinds = set(upload.format.split("+")) if upload.format else _TEXT | _SHEETS
    values = {
        "currency": config.currency if config.currency_is_set else "",
        "price_unit": "minor" if config.price_unit == "minor" else "",
        "has_header": {True: "yes", False: "no", None: ""}[config.has_header],
        "delimiter": config.delimiter or "",
        "encoding": config.encoding or "",
        "language": config.language or "",
    }
    shown = {
        "has_header": bool(kinds & (_TEXT | _SHEETS)),
        "encoding": not kinds <= _SHEETS,
        **dict.fromkeys(_OF_TEXT, bool(kinds & _TEXT)),
    }
    return tuple(_setting(name, now, upload) for name, now in values.items() if shown.get(name, True) or now)


def _setting(name: str, now: str, upload: Upload) -> Choice:
    label, note, found = SETTING[name]
    lines: list[tuple[str, Word]] = [("", found), *SETTING_VALUES[name].items()]
    if name == "encoding" and upload.encoding not in {"", "-"} and not now:
        lines[0] = ("", _("as found: %(encoding)s") % {"encoding": upload.encoding})
    if now not in dict(lines):
        lines.append((now, now))
    options = tuple(Option(value, shown, value == now) for value, shown in lines)
    return Choice(f"{SETTING_PREFIX}{name}", label, options, note, (), bool(now))


def _setting_value(sent: str) -> str | bool | None:
    return _YES_NO.get(sent, sent or None)


def _mark(upload: Upload) -> str:
    seen = json.dumps([upload.seen, upload.settings_text], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(seen.encode("utf-8", "backslashreplace")).hexdigest()[:16]
