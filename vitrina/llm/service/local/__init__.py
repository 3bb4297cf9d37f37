"""Models with weights on this machine, served by transformers: named in settings, loaded at their first request.

What belongs here: reading SERVE_MODELS, batching, generating, embedding. What stays out: HTTP
(``vitrina.llm.service.app``), training. torch and transformers are imported when a model is loaded, never before.
"""
