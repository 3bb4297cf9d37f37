"""Training as a process of its own: scripts, the supervisor that leaves no survivor, checkpoints that can be trusted.

What belongs here: what runs outside of the orchestrator. What stays out: the models themselves; anything that needs the
database.
"""
