"""SERVE_MODELS: what it may say, and what is told when it cannot be."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import refusal
from vitrina.config import Settings, get_settings
from vitrina.llm.outcomes import GatewayConfigError
from vitrina.llm.service.local import specs
from vitrina.llm.service.local.specs import read_specs
from vitrina.llm.service.wiring import build_service


@pytest.fixture
def never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder in which nothing was ever started."""
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    get_settings.cache_clear()
    yield tmp_path / "home"
    monkeypatch.undo()
    get_settings.cache_clear()


def test_models_are_read_from_json_and_from_files(tmp_path: Path) -> None:
    [one] = read_specs('{"policy": "models/policy"}')
    assert (one.name, one.path, one.kind, one.max_batch) == ("policy", "models/policy", "chat", 8)
    (tmp_path / "weights").mkdir()
    file = tmp_path / "serve.yaml"
    file.write_text("e5: {path: weights, kind: embedding, prefix: 'query: '}\nother: org/name\n", encoding="utf-8")
    near, far = read_specs(str(file))
    assert (near.path, near.prefix) == (str(tmp_path / "weights"), "query: ")
    assert far.path == "org/name"
    file.write_text(json.dumps({"a": {"path": "x", "max_tokens": 5}}), encoding="utf-8")
    assert read_specs(str(file))[0].max_tokens == 5
    assert read_specs(None) == read_specs(" ") == []


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("{broken", "cannot be read"), ("/no/such/file.yaml", "cannot be read"), ('{"a": 5}', "model 'a'"),
        ('{"a": {"path": ""}}', "path"), ('{"a": {"path": "x", "kind": "image"}}', "kind"),
        ('{"a": {"path": "x", "colour": 1}}', "colour"), ('{"": "x"}', "does not map"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_the_form_that_is_wanted(value: str, word: str) -> None:
    with pytest.raises(GatewayConfigError, match=word) as told:
        read_specs(value)
    assert '"kind": "chat"' in str(told.value)


def test_a_model_cannot_take_the_name_of_the_offline_writer() -> None:
    with pytest.raises(GatewayConfigError, match="own"):
        build_service(settings=Settings(serve_models='{"vitrina-offline": "x"}'))  # type: ignore[call-arg]


def test_without_torch_the_command_names_the_way_to_it(never_started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specs, "missing_libraries", lambda: ["torch", "transformers"])
    monkeypatch.setenv("SERVE_MODELS", '{"policy": "models/policy"}')
    get_settings.cache_clear()
    told = refusal("serve-models", "--port", "0")
    assert "torch and transformers are not installed" in told
    assert "make train-env" in told


def test_beyond_this_machine_a_token_is_a_must_and_a_port_in_use_is_told(never_started: Path) -> None:
    assert "VITRINA_MODEL_SERVICE_TOKEN" in refusal("serve-models", "--host", "0.0.0.0", "--port", "0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "cannot listen" in refusal("serve-models", "--port", taken.getsockname()[1])
