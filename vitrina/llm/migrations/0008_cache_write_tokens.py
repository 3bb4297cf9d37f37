from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('llm', '0007_held_items'),
    ]

    operations = [
        migrations.AddField(
            model_name='llmattempt',
            name='cache_write_tokens',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
