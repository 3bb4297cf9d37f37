"""Assets of the code location ``feedback``: pairs, preferences, datasets."""
