"""Whether the reward model in use is still right about what people say now.

What belongs here: its scores of pairs that people compared after it was promoted, and accuracy over time. What stays
out: votes (``vitrina.review``), what they come to (``vitrina.preferences``), training.
"""
