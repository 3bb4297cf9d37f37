"""Approved texts are looked at again: cases of a second and a third look, whom they must not reach, what came of it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0002_text_signature'),
        ('review', '0005_what_stopped_counting'),
    ]

    operations = [
        migrations.AddField(
            model_name='reviewitem',
            name='look',
            field=models.PositiveSmallIntegerField(choices=[(1, 'The first'), (2, 'The second, which nobody must know to be one'), (3, 'The third, where two people decided differently')], db_default=1, default=1, help_text='Which look at the same text it asks for.'),
        ),
        migrations.AlterField(
            model_name='setaside',
            name='kind',
            field=models.CharField(choices=[('skip', 'Not me'), ('flag', 'Nobody'), ('barred', 'Decided about this text before')], max_length=6),
        ),
        migrations.RemoveConstraint(
            model_name='reviewitem',
            name='one_open_item_per_key',
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('key', 'look'), name='one_open_item_per_key'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(('look', 1), models.Q(('kind', 'text'), ('look__in', [2, 3]), ('version__isnull', False)), _connector='OR'), name='looks_at_texts_only'),
        ),
        migrations.CreateModel(
            name='SecondLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('waiting', 'Waits for a second person'), ('agreed', 'The second person approved as well'), ('differs', 'The second person decided otherwise: a third one settles it'), ('void', 'What was approved stands no more'), ('let_go', 'Nobody looked in time')], default='waiting', max_length=8)),
                ('reason', models.CharField(blank=True, default='', help_text='Why it was not answered.', max_length=200)),
                ('confidence', models.FloatField(help_text='That of the category before a person confirmed it.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('first', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_look', to='review.decision')),
                ('item', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='second_look', to='review.reviewitem')),
                ('second', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='review.decision')),
                ('third', models.OneToOneField(help_text='The case that settles it.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='settles', to='review.reviewitem')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome', 'waiting')), fields=['created_at'], name='waiting_second_looks')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('outcome', 'waiting')), models.Q(models.Q(('outcome', 'waiting'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='ended_second_looks_say_when'), models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ['agreed', 'differs']), _negated=True), ('second__isnull', False), _connector='OR'), name='answered_second_looks_say_by_what')],
            },
        ),
    ]
