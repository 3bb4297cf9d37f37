"""Reading a list that was handed in once more, with what a person has chosen for its columns.

Belongs here: which of two presses is heard, and the way back when settings cannot be laid out. Stays out: what may be
chosen (``choosing``), reading itself (``incoming``), the file of settings (``supplier_settings``).
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from vitrina.config import Settings
from vitrina.feeds.source_config import SourceConfigError
from vitrina.feeds.source_edit import Changes
from vitrina.objects import ObjectStore
from vitrina.workbench import supplier_settings
from vitrina.workbench.incoming import NotTaken, Upload, ask, folder_of, start


def look_again(upload: Upload, changes: Changes | None, store: ObjectStore, settings: Settings) -> None:
    """Read the list once more, with these changes on top of the earlier ones; ``None`` forgets all of them.

    The settings of the source are taken as they are now.

    Raises:
        NotTaken: It is being read, placed or discarded; or the settings would be wrong.
        VitrinaError: The object store does not answer.
    """
    folder = folder_of(settings, upload.id)
    report, former = folder / "report.json", folder / "report.former.json"
    try:
        report.rename(former)  # one of two presses gets it
    except OSError as error:
        raise NotTaken(_("It is being read just now, or has been discarded already.")) from error
    try:
        if not (folder / "files").is_dir():
            raise NotTaken(_("It has been placed or discarded already."))
        asked = ask(folder, upload.source, [name for name, _size, _sha in upload.files])
        wanted = Changes() if changes is None else upload.chosen.changes.then(changes)
        supplier_settings.prepare(folder, upload.source, store, wanted)
    except SourceConfigError as error:
        former.rename(report)
        raise NotTaken(
            _("The settings of this supplier would not be valid so. Ask an engineer to look at its source.yaml.")
        ) from error
    except BaseException:
        former.rename(report)
        raise
    report.unlink(missing_ok=True)
    former.unlink(missing_ok=True)
    start(folder, asked)
