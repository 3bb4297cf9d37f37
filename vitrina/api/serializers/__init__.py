"""Shapes of what comes in and goes out, one module for each part of the desk."""
