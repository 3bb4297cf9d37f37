from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("llm", "0006_first_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="llmbatchitem",
            name="budgets",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, help_text="Names of these budgets"
            ),
        ),
        migrations.AddField(
            model_name="llmbatchitem",
            name="held_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=8,
                help_text="Reserved in its budgets until it ends",
                max_digits=16,
                null=True,
            ),
        ),
    ]
