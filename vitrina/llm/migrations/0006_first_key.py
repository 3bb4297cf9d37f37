from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('llm', '0005_good_items'),
    ]

    operations = [
        migrations.AddField(
            model_name='llmattempt',
            name='first_key',
            field=models.CharField(blank=True, help_text='Key of the request that this one asks again once more: raised try, refusal, broken contract', max_length=64, null=True),
        ),
        migrations.AddIndex(
            model_name='llmattempt',
            index=models.Index(condition=models.Q(('ended', True), ('first_key__isnull', False)), fields=['first_key', 'created_at'], name='llm_attempt_second_try'),
        ),
    ]
