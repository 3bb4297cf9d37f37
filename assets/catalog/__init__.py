"""From parser drops to the published catalogue."""
