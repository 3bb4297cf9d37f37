"""Pages of this application, one module a subject."""
