"""What went wrong on these pages, for the person: what happened and what to do, and below it the words of who refused.

Belongs here: from errors of Dagster, of the object store and of readers to such pairs. Stays out: states and codes
(``words``), how a pair is shown (``desk/_original.html``).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from vitrina.errors import VitrinaError
from vitrina.feeds.records import Fault
from vitrina.servers.graphql import DagsterSilent
from vitrina.workbench import cutouts, incoming
from vitrina.workbench.choosing import WrongChoice
from vitrina.workbench.dagster import NotRunning
from vitrina.workbench.reading_worker import WRONG_SETTINGS


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence in the reader's language; ``original``: as a program said it, empty where the sentence says all."""

    words: str
    original: str = ""


def not_started(error: VitrinaError) -> Told:
    """Why a run was not started."""
    return _no_answer(error) or Told(
        _("Dagster refused to start the run, so nothing was done. Try again in a minute; if it refuses again, show its "
          "message to an administrator."), str(error),
    )  # fmt: skip


def not_shown(error: VitrinaError) -> Told:
    """Why runs cannot be looked at."""
    return _no_answer(error) or Told(
        _("Dagster does not show this now. What it works on goes on; load the page again in a minute."), str(error)
    )


def not_taken(error: VitrinaError) -> Told:
    """Why a file was not taken or placed."""
    if isinstance(error, cutouts.NotTaken | incoming.NotTaken | WrongChoice):
        return Told(error.message)
    return Told(
        _("The file could not be stored, so nothing was taken. Try again in a minute; if it fails again, show the "
          "message to an administrator."), str(error),
    )  # fmt: skip


def not_read(problem: str, hint: str = "", fault: str = "") -> Told:
    """Why a list cannot be read. ``problem`` is a code of the reader's process, or what the reader said, then with its
    ``fault`` (:class:`vitrina.feeds.records.Fault`)."""
    words = {
        "memory": _("Reading the list takes too much memory. Split it into several files."),
        "time": _("Reading the list took too long. Split it into several files."),
        "died": _("The reader was stopped: the list takes too much memory, or makes the reader crash. Save it again as "
                  "CSV, or split it."),
    }  # fmt: skip
    if problem in words:
        return Told(words[problem])
    if fault == WRONG_SETTINGS:
        return Told(
            _("The settings of this supplier are not valid, so none of its lists can be read. Ask an engineer to mend "
              "its source.yaml, then hand the list in again."), f"{problem} {hint}".strip(),
        )  # fmt: skip
    return Told(_fault_words(fault), f"{problem} {hint}".strip())


def _fault_words(fault: str) -> str:
    words: dict[str, str] = {
        Fault.EMPTY: _("The file is empty. Export the list once more and hand it in again."),
        Fault.TOO_LARGE: _("The file is packed or built so that it unpacks to far more than a list needs; that much is "
                           "not read. If it is a real list, hand it in unpacked, or in several files."),
        Fault.OTHER_KIND: _("This is no list of a kind that is read. CSV and other tables as text, XLSX, XLS, ODS, "
                            "XML, YML and JSON are, also packed as ZIP or GZ. Save the list as one of them."),
        Fault.WEB_PAGE: _("This is a web page and no list: often an error or a sign-in page that was saved under the "
                          "name of a feed. Fetch the feed itself, or save the table as XLSX."),
        Fault.CUT_OFF: _("The file breaks off in the middle or is damaged, so nothing in it can be read. Export or "
                         "transfer it once more and hand it in again."),
        Fault.ENCRYPTED: _("The file is protected by a password. Save it without one and hand it in again."),
        Fault.UNSAFE_XML: _("The XML declares entities (DOCTYPE), which lists do not need and attacks use; it was not "
                            "read. Have it written without them."),
        Fault.UNSAFE_ARCHIVE: _("The archive holds a file whose name leads out of it, as attacks do; it was not "
                                "unpacked. Hand in the list unpacked."),
        Fault.NO_TITLE: _("No column of this list can be told to be the title of a product. Name it “Название” or "
                          "“title”, or choose below which column it is, and look again."),
        Fault.NO_PRODUCTS: _("The file can be read, but there is no product in it. See whether it is the right one."),
    }  # fmt: skip
    return words.get(fault) or _(
        "The list cannot be read as it is. Save it again as CSV, XLSX or XML and hand it in once more; the message "
        "of the reader says where it stopped."
    )


def _no_answer(error: VitrinaError) -> Told | None:
    if isinstance(error, NotRunning):
        return Told(_("Dagster is not running, so nothing can be processed. Start the platform with “make up”."))
    if isinstance(error, DagsterSilent):
        return Told(_("Dagster does not answer. Try again in a moment."), str(error))
    return None
