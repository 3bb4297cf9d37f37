"""A promotion may leave none in use: the first policy, rolled back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("models_registry", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="promotion",
            name="model",
            field=models.ForeignKey(
                help_text="Empty: none since.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="promotions",
                to="models_registry.registeredmodel",
            ),
        ),
    ]
