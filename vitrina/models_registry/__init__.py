"""Which trained models there are, which one of each role is used, and who decided that.

What belongs here: the registry's tables and services. What stays out: training, and what a model does.
"""
