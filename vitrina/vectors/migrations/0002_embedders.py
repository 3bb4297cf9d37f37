"""Embedders that were fitted or learned of, and which load of a collection is read."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vectors", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="vectorcollection",
            name="generation",
            field=models.IntegerField(db_default=0, default=0, help_text="Which load of the index is read."),
        ),
        migrations.CreateModel(
            name="DenseModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("embedder_id", models.CharField(max_length=160, unique=True)),
                ("endpoint", models.CharField(help_text="Base address; 'embedded' for our own fits.", max_length=300)),
                ("model", models.CharField(help_text="What the settings ask for; 'lsa' for our own fits.", max_length=200)),
                ("dim", models.IntegerField(help_text="Length of its vectors.")),
                ("texts", models.IntegerField(default=0, help_text="Texts that a fit was made from.")),
                ("is_active", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("endpoint", "model"),
                        name="one_active_dense_model",
                    )
                ],
            },
        ),
    ]
