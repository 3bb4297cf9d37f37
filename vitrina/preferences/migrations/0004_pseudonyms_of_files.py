"""Preferences of files got their annotators as the file names them: these become pseudonyms too."""

import re

from django.db import migrations
from django.utils.crypto import salted_hmac

_PSEUDONYM = re.compile("annotator-[0-9a-f]{10}")


def rename(apps, schema_editor):
    """As ``vitrina.preferences.importing.pseudonym``, which came with this."""
    rows = apps.get_model("preferences", "Preference").objects
    for row in rows.filter(source="import").exclude(votes=[]).iterator(chunk_size=2000):
        for vote in row.votes:
            named = str(vote.get("annotator", ""))
            if not _PSEUDONYM.fullmatch(named):
                known = salted_hmac("vitrina.preferences.importing", named.replace("/", "\0", 1), algorithm="sha256")
                vote["annotator"] = f"annotator-{known.hexdigest()[:10]}"
        row.save(update_fields=["votes"])


class Migration(migrations.Migration):
    dependencies = [("preferences", "0003_candidates_of_trained_models")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop, elidable=True)]
