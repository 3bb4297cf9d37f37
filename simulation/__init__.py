"""The demo of the whole loop: products, people and a rubric that are made up, around the platform as it is.

Belongs here: what takes the place of the outside world (parsers that leave drops, annotators who vote by a rubric), the
course of the demo, its figures. Stays out: anything that the platform needs; no module of it imports this package, and
a test proves that.
"""
