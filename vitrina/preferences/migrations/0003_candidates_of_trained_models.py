"""Which registered model wrote a candidate, in a column; until now its writer's name said so."""

from django.db import migrations, models


def by_their_names(apps, schema_editor):
    """Rows that stand get the id of the model that their writer's name means."""
    candidates = apps.get_model("preferences", "Candidate").objects.filter(trained_model="")
    registered = apps.get_model("models_registry", "RegisteredModel").objects.filter(role__in=["sft", "policy"])
    for role, model_id in registered.values_list("role", "model_id"):
        candidates.filter(writer=f"{role}-{model_id[:8]}").update(trained_model=model_id)


class Migration(migrations.Migration):
    dependencies = [
        ("models_registry", "0001_initial"),
        ("preferences", "0002_best_of"),
    ]

    operations = [
        migrations.AddField(
            model_name="candidate",
            name="trained_model",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Id of the registered model that wrote it; empty for all other writers.",
                max_length=64,
            ),
        ),
        migrations.RunPython(by_their_names, migrations.RunPython.noop),
    ]
