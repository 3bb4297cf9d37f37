"""The catalogue's one partitioning: a partition is a drop."""

import dagster as dg

#: Keys are ``<source>__<name>__<digest[:12]>``; the sensor adds them.
DROPS_NAME = "drops"
DROPS = dg.DynamicPartitionsDefinition(name=DROPS_NAME)
