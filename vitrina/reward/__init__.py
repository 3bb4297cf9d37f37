"""Reward models: a number for an answer, such that the better of two answers gets the higher one.

What belongs here: fitting, scoring, evaluating and keeping reward models, without a database and without an
orchestrator. What stays out: how preferences come about, and running a training as a job.
"""
