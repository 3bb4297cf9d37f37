"""Code locations: one module each, a pure ``build_defs`` and one line that calls it."""
