"""What ``vitrina doctor`` finds, each finding both ways."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vitrina.cli import doctor_checks
from vitrina.cli.doctor_checks import Finding, Level, run_checks
from vitrina.cli.main import app
from vitrina.config import Settings, get_settings
from vitrina.objects import open_store
from vitrina.servers.processes import free_port


class Service(BaseHTTPRequestHandler):
    """A server that knows one key, and says which models it has."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get("api-key", "")
        self.send_response(200 if given == "right" or self.path.startswith("/open/") else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"data": [{"id": "writer-1"}]}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dead() -> Iterator[str]:
    """An address at which nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def set_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path))
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def found(**values: object) -> dict[str, Finding]:
    """Findings of the service checks for these settings."""
    settings = Settings(**values)  # type: ignore[arg-type]
    checks = (doctor_checks.objects, doctor_checks.vectors, doctor_checks.models)
    return {finding.name: finding for check in checks for finding in check(settings)}


def test_embedded_parts_are_good_without_any_setting(tmp_path: Path) -> None:
    findings = found(vitrina_home=tmp_path)
    assert {finding.level for finding in findings.values()} == {Level.GOOD}


def test_originals_and_drops_that_everybody_can_read_are_bad(service: str, dead: str, tmp_path: Path) -> None:
    home = {"vitrina_home": tmp_path}
    store = open_store(Settings(**home))  # type: ignore[arg-type]
    assert "CDN_PREFIX" not in found(cdn_prefix=service, **home), "there is nothing yet"
    store.put("products/original/ab/cd.jpg", b"x")
    seen = found(cdn_prefix=f"{service}/open", **home)["CDN_PREFIX"]
    assert seen.level is Level.BAD
    assert "originals" in seen.found
    assert "products/processed/" in seen.fix
    for closed in (f"{service}/closed", dead):
        assert "CDN_PREFIX" not in found(cdn_prefix=closed, **home)


def test_a_qdrant_server_that_answers_is_good_and_a_dead_one_is_not(service: str, dead: str) -> None:
    name = "vectors (QDRANT_URL)"
    assert found(qdrant_url=service, qdrant_api_key="right")[name].level is Level.GOOD
    refused = found(qdrant_url=service, qdrant_api_key="wrong")[name]
    assert refused.level is Level.BAD
    assert "QDRANT_API_KEY" in refused.fix
    gone = found(qdrant_url=dead)[name]
    assert gone.level is Level.BAD
    assert "refused" in gone.found
    assert found(qdrant_url="qdrant")[name].fix.startswith("Write it as http://")


def test_the_endpoint_of_models_its_key_and_the_name_of_the_model(service: str, dead: str) -> None:
    name, url = "language model (OPENAI_BASE_URL)", f"{service}/v1"
    right = found(openai_base_url=url, openai_api_key="right", ai_model="writer-1")
    assert right[name].level is Level.GOOD
    assert "AI_MODEL" not in right
    assert found(openai_base_url=url, openai_api_key="wrong", ai_model="writer-1")[name].fix == "Mend OPENAI_API_KEY."
    assert found(openai_base_url=url, openai_api_key="right", ai_model="other")["AI_MODEL"].level is Level.WARNING
    assert found(openai_base_url=url, openai_api_key="right")["language model name"].level is Level.BAD
    assert found(openai_base_url=f"{dead}/v1", ai_model="writer-1")[name].level is Level.BAD


def test_no_finding_shows_a_key_or_a_password(service: str) -> None:
    address = service.replace("http://", "http://user:hidden@")
    said = str(found(openai_base_url=f"{address}/v1", openai_api_key="secret", qdrant_url=address, ai_model="x"))
    assert "hidden" not in said
    assert "secret" not in said


def test_a_bucket_that_cannot_be_reached_is_told(dead: str) -> None:
    finding = found(
        S3_BUCKET="drops", S3_ENDPOINT_URL=dead, S3_ACCESS_KEY_ID="a", S3_SECRET_ACCESS_KEY="b", S3_REGION="us-east-1"
    )["objects"]
    assert finding.level is Level.BAD
    assert "S3_ENDPOINT_URL" in finding.fix


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AI_CONCURRENCY", "zero", "AI_CONCURRENCY"),
        ("VITRINA_PORT", "99999", "VITRINA_PORT"),
        ("CATEGORY_REVIEW_THRESHOLD", "7", "CATEGORY_REVIEW_THRESHOLD"),
        ("RUB_RATES", '{"USD": "-1"}', "RUB_RATES"),
        ("RUB_RATES", "{half", "rub_rates"),
    ],
)
@pytest.mark.parametrize("command", ["status", "up", "demo", "export"])
def test_a_setting_that_cannot_be_read_is_a_line_in_every_command(
    set_variables: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str, said: str,
    command: str,
) -> None:  # fmt: skip
    from vitrina.cli.main import main

    set_variables.setenv(variable, value)
    set_variables.setattr("sys.argv", ["vitrina", command])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert said in told
    assert "Traceback" not in told
    assert len(told.splitlines()) <= 4


def test_doctor_names_the_setting_that_cannot_be_read(set_variables: pytest.MonkeyPatch) -> None:
    set_variables.setenv("AI_CONCURRENCY", "zero")
    (finding,) = run_checks()
    assert (finding.name, finding.level) == ("setting AI_CONCURRENCY", Level.BAD)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u:geheim@host/name", "must begin with postgresql://"),
        ("nonsense", "must begin with postgresql://"),
        ("postgresql://u:geheim@127.0.0.1:1/name", "refused"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_finding(
    set_variables: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str, said: str
) -> None:
    from vitrina.cli.main import main

    set_variables.setenv("DATABASE_URL", url)
    bad = [finding for finding in run_checks() if finding.level is Level.BAD]
    assert any(said in finding.found for finding in bad)
    assert "geheim" not in str(bad)

    get_settings.cache_clear()
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["good"] is False

    set_variables.setattr("sys.argv", ["vitrina", "up", "--port", str(free_port())])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert "Traceback" not in told.err + told.out
    assert "postgresql" in told.err or "refused" in told.err


def test_a_database_that_knows_cyrillic_is_good(database: str) -> None:
    settings = Settings(database_url=database, dagster_database_url=database)  # type: ignore[arg-type]
    findings = list(doctor_checks._database(settings))
    assert [finding.level for finding in findings] == [Level.GOOD, Level.GOOD]


def test_the_port_and_the_files_that_are_named(tmp_path: Path) -> None:
    def of_a_free_port() -> Level:
        return next(doctor_checks._dagster(Settings(vitrina_home=tmp_path, vitrina_port=free_port()))).level  # type: ignore[call-arg]

    # Between two looks somebody else on this machine may take a port
    assert any(of_a_free_port() is Level.GOOD for _ in range(5))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finding = next(doctor_checks._dagster(Settings(vitrina_home=tmp_path, vitrina_port=port)))  # type: ignore[call-arg]
    assert (finding.level, finding.fix) == (Level.WARNING, "Set VITRINA_PORT to another one.")

    assert list(doctor_checks._files(Settings())) == []  # type: ignore[call-arg]
    (missing,) = doctor_checks._files(Settings(vitrina_lexicon=tmp_path / "none.yaml"))  # type: ignore[call-arg]
    assert missing.name == "VITRINA_LEXICON"


def test_programs_and_disk_of_this_machine_are_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {finding.level for finding in doctor_checks._programs(Settings())} == {Level.GOOD}  # type: ignore[call-arg]
    monkeypatch.setattr(doctor_checks, "PINNED", ("no-such-package",))
    assert [finding.level for finding in doctor_checks._programs(Settings())][-1] is Level.BAD  # type: ignore[call-arg]
    settings = Settings(vitrina_home=tmp_path / "deep" / "home")  # type: ignore[call-arg]
    monkeypatch.setattr(doctor_checks, "ENOUGH_DISK", 1)
    assert next(doctor_checks._disk(settings)).level is Level.GOOD
    monkeypatch.setattr(doctor_checks, "ENOUGH_DISK", 10**18)
    assert next(doctor_checks._disk(settings)).level is Level.WARNING
