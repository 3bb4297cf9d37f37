"""Preference datasets: validated, split for good, versioned by their content.

What belongs here: from preferences to files in the object store, and from there to the Hub. What stays out: training.
"""
