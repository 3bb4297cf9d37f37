"""Preferences: what people said about pairs of answers, from votes and files to versioned datasets.

What belongs here: reading, judging and keeping preferences. What stays out: training on them.
"""
