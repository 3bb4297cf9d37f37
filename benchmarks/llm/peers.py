"""The libraries that the gateway is measured beside: ``python -m benchmarks.llm.peers`` installs them.

Belongs here: an environment of its own for each (``benchmarks/out/peers``, not in version control), and what it needs
to work without the web. Peers are optional: one that is not installed is said to be absent, and nothing fails.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.llm.processes import OUT

HOME = OUT / "peers"
#: tiktoken downloads its encodings at first use, and fails without the web; the wheel of litellm carries them.
_TOKENS = "lib/python3.11/site-packages/litellm/litellm_core_utils/tokenizers"


@dataclass(frozen=True)
class Peer:
    """One library in one way of use.

    Attributes:
        name: As in the table.
        folder: Its environment below ``benchmarks/out/peers``.
        requirement: What pip installs there.
        module: Its client here.
        how: Passed on to that client.
    """

    name: str
    folder: str
    requirement: str
    module: str
    how: str = ""

    @property
    def python(self) -> Path:
        return HOME / self.folder / "bin" / "python"

    @property
    def absent(self) -> str:
        """Why it cannot be measured; empty when it can."""
        if not self.python.exists():
            return "not installed: python -m benchmarks.llm.peers"
        if self.folder == "curator" and not any((HOME / self.folder / _TOKENS).glob("9b5ad71b*")):
            return "its token file is not here, and it downloads it at every start"
        return ""

    def env(self, cache: str) -> Mapping[str, str]:
        """Its environment variables: a cache of its own, nothing sent anywhere."""
        if self.folder != "curator":
            return {}
        return {
            "TIKTOKEN_CACHE_DIR": str(HOME / self.folder / _TOKENS),
            "CURATOR_CACHE_DIR": cache,
            "HF_HOME": cache,
            "HF_HUB_OFFLINE": "1",
            "TELEMETRY_ENABLED": "false",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "CURATOR_DISABLE_RICH_DISPLAY": "1",
            "OPENAI_API_KEY": "sk-none",
        }


OPENAI = Peer("openai create", "openai", "openai[aiohttp]", "benchmarks.llm.client_openai")
OPENAI_AIOHTTP = Peer("openai create, aiohttp", "openai", "openai[aiohttp]", "benchmarks.llm.client_openai", "aiohttp")
CURATOR = Peer("curator", "curator", "bespokelabs-curator", "benchmarks.llm.client_curator")
PEERS = (OPENAI, OPENAI_AIOHTTP, CURATOR)


def install(peers: tuple[Peer, ...] = PEERS) -> int:
    """Makes the environments that are missing; the number that failed."""
    failed = 0
    for folder, requirement in sorted({(peer.folder, peer.requirement) for peer in peers}):
        if not (HOME / folder).exists():
            venv.create(HOME / folder, with_pip=True)
        command = [str(HOME / folder / "bin" / "python"), "-m", "pip", "install", "-q", requirement]
        done = subprocess.run(command, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}, check=False)
        failed += done.returncode != 0
        sys.stdout.write(f"{requirement}: {'installed' if done.returncode == 0 else 'not installed'}\n")
    return failed


def main() -> int:
    """Installs; 1 when one failed."""
    argparse.ArgumentParser(prog="python -m benchmarks.llm.peers", description=__doc__).parse_args()
    return min(1, install())


if __name__ == "__main__":
    sys.exit(main())
