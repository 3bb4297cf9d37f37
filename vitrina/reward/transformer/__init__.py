"""Transformer reward models.

What belongs here: settings (without torch), tokens, training with TRL, scoring. What stays out: evaluation. Every
module but `settings` needs the training group of requirements and is imported only when used.
"""
