"""A consumer that counts what stands hears of a decision that stopped counting without a successor it would hear of."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0004_decisions_by_time'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='outbox',
            name='one_outbox_row_a_cause',
        ),
        migrations.AlterField(
            model_name='outbox',
            name='cause',
            field=models.CharField(choices=[('decided', 'The decision was made'), ('voided', 'The decision was voided afterwards'), ('changed', 'The decision stopped counting otherwise')], db_default='decided', default='decided', max_length=8),
        ),
        migrations.AddConstraint(
            model_name='outbox',
            constraint=models.UniqueConstraint(condition=models.Q(('cause', 'changed'), _negated=True), fields=('decision', 'consumer', 'cause'), name='one_outbox_row_a_cause'),
        ),
    ]
