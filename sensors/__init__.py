"""What starts work by itself: pure planning functions of the domain in thin Dagster shells."""
