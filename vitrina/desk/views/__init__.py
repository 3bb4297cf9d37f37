"""Views, one module for each section of the desk."""
