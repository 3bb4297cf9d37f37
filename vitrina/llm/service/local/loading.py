"""From a spec to a model in memory.

Belongs here: what transformers is told, and errors of loading in words. Stays out: using the model.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from vitrina.llm.service.local.specs import ModelSpec, demand_libraries
from vitrina.llm.service.wire import ApiError

_LOG = logging.getLogger(__name__)
#: transformers' lazy imports are not made for two threads at once.
_LOADING = threading.Lock()


class LoadedModel:
    """Tokenizer and model on their device, ready to be asked. Loaded by the first :meth:`get`, in its thread."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._loaded: tuple[Any, Any] | None = None

    def get(self) -> tuple[Any, Any]:
        """``(tokenizer, model)``.

        Raises:
            ApiError: They cannot be loaded; the next call tries again.
        """
        if self._loaded is None:
            with _LOADING:
                if self._loaded is None:
                    self._loaded = _load(self.spec)
        return self._loaded


def _load(spec: ModelSpec) -> tuple[Any, Any]:
    try:
        demand_libraries()
        import torch
        from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        _LOG.info("loading the model %s from %s", spec.name, spec.path)
        device = spec.device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = AutoModelForCausalLM if spec.kind == "chat" else AutoModel
        tokenizer = AutoTokenizer.from_pretrained(spec.path, trust_remote_code=False, padding_side="left")
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        # safetensors alone: the older format is a pickle, which may run anything
        model: Any = kind.from_pretrained(spec.path, dtype=spec.dtype, use_safetensors=True, trust_remote_code=False)
        return tokenizer, model.to(device).eval()
    except Exception as error:
        _LOG.exception("the model %s cannot be loaded", spec.name)
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        told = f"The model {spec.name!r} cannot be loaded: {first[:300]}"
        raise ApiError(500, told, "model_not_loaded") from error


def context_of(spec: ModelSpec, tokenizer: Any, model: Any) -> int:
    """Most tokens of prompt and answer."""
    if spec.context is not None:
        return spec.context
    said = getattr(model.config, "max_position_embeddings", None) or getattr(tokenizer, "model_max_length", None)
    return int(said) if said and said < 10_000_000 else 4096
