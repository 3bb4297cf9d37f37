"""What codes of the tables are called on these pages, and the colour of a state.

Belongs here: words for codes. Stays out: sentences of pages (templates), where states come from.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vitrina.catalog.search import State
from vitrina.feeds.currencies import WORDS as CURRENCIES

Word = str | Promise


class Shown(NamedTuple):
    """A state as a page shows it. ``tone``: good, bad, caution, or empty; never the only sign."""

    label: Word
    tone: str = ""


#: Of the header.
SECTION = _("Products")
STATES: dict[str, Word] = {
    State.PUBLISHED: _("On show"),
    State.WAITS: _("Waits for a person"),
    State.NOT_YET: _("Not published yet"),
    State.UNPUBLISHED: _("Taken off the shop"),
    State.DELISTED: _("No longer in the list"),
    State.NO_TEXT: _("Without a text"),
    State.NO_CATEGORY: _("Without a category"),
    State.FAILED: _("No text could be made"),
}
PUBLICATION: dict[str, Shown] = {
    "published": Shown(_("On show"), "good"),
    "unpublished": Shown(_("Taken off the shop"), "bad"),
    "delisted": Shown(_("No longer in the list"), ""),
}
NOT_PUBLISHED = Shown(_("Not published yet"), "")
WAITS = Shown(_("Waits for a person"), "caution")
ORIGIN: dict[str, Word] = {
    "offline": _("Offline writer"), "llm": _("Language model"), "person": _("Person"),
}  # fmt: skip
VERDICT: dict[tuple[bool, bool], Shown] = {  # approved, by a person
    (True, True): Shown(_("Approved by a person"), "good"),
    (True, False): Shown(_("Approved by the rules"), "good"),
    (False, True): Shown(_("Refused by a person"), "bad"),
    (False, False): Shown(_("Sent to people"), "caution"),
}
NO_VERDICT = Shown(_("Not judged yet"), "")
LOG_TYPE: dict[str, Word] = {
    "description_only": _("Text"), "categorization_only": _("Category"), "full": _("Everything"),
    "image_analysis": _("Pictures"),
}  # fmt: skip
LOG_STATUS: dict[str, Shown] = {
    "pending": Shown(_("to be tried again"), ""), "processing": Shown(_("under way"), ""),
    "completed": Shown(_("done"), "good"), "failed": Shown(_("failed"), "bad"),
    "moderation": Shown(_("sent to people"), "caution"), "approved": Shown(_("approved"), "good"),
    "rejected": Shown(_("refused"), "bad"),
}  # fmt: skip
ACTION: dict[str, Word] = {
    "approve": _("approved"), "edit": _("rewritten by hand"), "reject": _("refused"),
    "reprocess": _("asked for another text"), "show": _("put back on show"), "hide": _("taken off the shop"),
}  # fmt: skip
ITEM: dict[str, Word] = {"text": _("text"), "price": _("price"), "list": _("list")}
#: Of texts that are looked at again; a second look changes nothing by itself.
LOOK: dict[int, Word] = {2: _("second look at a text"), 3: _("third look at a text")}
RUN: dict[str, Shown] = {
    "QUEUED": Shown(_("waits in the queue"), ""), "NOT_STARTED": Shown(_("is being started"), ""),
    "STARTING": Shown(_("is being started"), ""), "STARTED": Shown(_("at work"), "caution"),
    "SUCCESS": Shown(_("done"), "good"), "FAILURE": Shown(_("failed"), "bad"),
    "CANCELING": Shown(_("is being stopped"), ""), "CANCELED": Shown(_("stopped"), ""),
}  # fmt: skip
REQUEST: dict[str, Shown] = {
    "queued": Shown(_("waits"), ""), "processing": Shown(_("at work"), "caution"),
    "completed": Shown(_("done"), "good"), "failed": Shown(_("failed"), "bad"),
}  # fmt: skip
DROP: dict[str, Shown] = {
    "found": Shown(_("waits to be read"), ""), "parsed": Shown(_("read"), "good"),
    "unreadable": Shown(_("cannot be read"), "bad"),
}  # fmt: skip
PICTURE: dict[str, Word] = {
    "waiting": _("not fetched yet"), "stored": _("stored"), "refused": _("refused"), "gone": _("gone at its source"),
}  # fmt: skip
#: Why an address gives no picture (``vitrina.images.reasons``).
PICTURE_WHY: dict[str, Word] = {
    "bad_url": _("the address is none"), "forbidden_address": _("the address leads to a network that is not open"),
    "too_many_redirects": _("the address leads on and on"), "not_found": _("there is nothing at the address"),
    "forbidden": _("the shop does not hand it out"), "http_error": _("the shop refused"),
    "rate_limited": _("the shop asks to come later"), "server_error": _("the shop's server failed"),
    "unreachable": _("the shop cannot be reached"), "timed_out": _("the shop did not answer in time"),
    "cut_off": _("the answer broke off"), "host_down": _("the shop is down"), "store_down": _("our own store failed"),
    "empty": _("the file is empty"), "too_large": _("the file is too large"), "not_an_image": _("no picture came"),
    "format_not_taken": _("this kind of picture is not taken"), "damaged": _("the picture is damaged"),
    "truncated": _("the end of the picture is missing"), "bomb": _("the picture has too many pixels"),
    "decode_too_long": _("reading the picture took too long"),
    "decode_too_much_memory": _("reading the picture takes too much memory"),
    "decoder_crashed": _("reading the picture failed"),
}  # fmt: skip
#: What a column of a list is taken as (``vitrina.feeds.records.CANONICAL_FIELDS``).
FIELD: dict[str, Word] = {
    "id": _("number"), "title": _("title"), "description": _("description"), "brand": _("brand"), "price": _("price"),
    "old_price": _("price before"), "currency": _("currency"), "supplier": _("supplier"), "url": _("address"),
    "image": _("picture"), "category": _("category"), "barcode": _("barcode"), "available": _("available"),
    "color": _("colour"), "size": _("size"), "material": _("material"), "country": _("country"),
    "gender": _("for whom"), "composition": _("composition"), "ignore": _("left out"),
}  # fmt: skip
#: The same in a list to choose from, where nothing stands beside it.
COLUMN: dict[str, Word] = {
    **FIELD,
    "id": _("number of the product (article)"), "old_price": _("price before the discount"),
    "supplier": _("supplier or seller"), "url": _("address of the product's page"), "image": _("address of a picture"),
    "available": _("in stock"), "ignore": _("not used"), "attribute": _("an attribute"), "auto": _("let it be found"),
}  # fmt: skip
_FOUND = _("let it be found")
#: A setting of a source: what it is called, what it is for, and what its absence means.
SETTING: dict[str, tuple[Word, Word, Word]] = {
    "currency": (_("Currency of prices"), _("Of prices beside which no currency stands."),
                 _("let it be found, else RUB")),
    "price_unit": (_("Prices are counted in"), _("Choose kopecks where 199000 stands for 1990."),
                   _("whole units: roubles, liras")),
    "has_header": (_("Names of the columns"), _("Whether the first row names the columns."), _FOUND),
    "delimiter": (_("Between the cells stands"), _("Where all cells are taken for one."), _FOUND),
    "encoding": (_("Encoding"), _("Where letters look like Ð¦ÐµÐ½Ð° or ????."), _FOUND),
    "language": (_("Language of the list"), _("Helps to find the encoding."), _FOUND),
}  # fmt: skip
#: What can be chosen for a setting; what else ``source.yaml`` says is kept as it is.
SETTING_VALUES: dict[str, dict[str, Word]] = {
    "currency": {code: code for code in CURRENCIES},
    "price_unit": {"minor": _("hundredths: kopecks, cents")},
    "has_header": {"yes": _("there is a row of names"), "no": _("there is none: columns are numbered")},
    "delimiter": {";": _("semicolon ;"), ",": _("comma ,"), "tab": _("tab"), "|": _("bar |"), "^": "^", "~": "~"},
    "encoding": {code: code for code in (
        "utf-8", "utf-16", "windows-1251", "koi8-r", "cp866", "windows-1254", "windows-1252", "windows-1250",
    )},
    "language": {"ru": _("Russian"), "tr": _("Turkish"), "en": _("English")},
}  # fmt: skip
PRICE_NOTE: dict[str, Word] = {
    "missing": _("no price in the list"), "not_a_number": _("no number"), "zero": _("zero"), "negative": _("negative"),
    "filler": _("a filler"), "ambiguous": _("ambiguous"), "out_of_range": _("out of range"),
    "currency_assumed": _("currency assumed"),
}  # fmt: skip
QUARANTINE: dict[str, Word] = {
    "no_title": _("no title"), "ragged_row": _("cells do not fit the columns"), "bad_encoding": _("broken characters"),
    "not_an_object": _("no record"), "broken_record": _("a broken record"), "too_large": _("too large"),
    "no_identity": _("nothing to know it by"), "group_without_goods": _("a group without goods"),
    "orphan_offer": _("an offer without its product"),
}  # fmt: skip
RULES: dict[str, Word] = {
    "too_few_words": _("Too few words"), "too_many_words": _("Too many words"), "markup": _("Markup is not clean"),
    "too_few_benefits": _("Too few benefits"), "too_few_keywords": _("Too few keywords"),
    "repeated_keywords": _("Keywords repeat"), "too_many_emoji": _("Too many emoji"),
    "forbidden_word": _("A forbidden word"), "language_mismatch": _("Another language"),
    "seo_title_length": _("Length of the SEO title"), "seo_description_length": _("Length of the SEO description"),
    "wrong_product": _("Another product"), "wrong_language": _("Another language"),
}  # fmt: skip
