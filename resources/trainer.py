"""Training processes: started under the supervisor, heard while they run.

Belongs here: the process, its environment, its messages. Stays out: what is trained.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import dagster as dg

#: Settings that a training has no use for: it reads files and writes files.
_SECRET = ("KEY", "SECRET", "TOKEN", "PASSWORD", "DATABASE_URL", "DSN")
#: Between two looks at the process; an interruption of the run is noticed then.
_TICK = 0.5
_GB = 1_000_000_000


class _Relay:
    """A message handler that tells each message of ours at once; Dagster itself shows them only after the end."""

    def __init__(self, handler: Any, heard: Callable[[Mapping[str, Any]], None]) -> None:
        self._handler, self._heard = handler, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)

    def handle_message(self, message: Any) -> None:
        """Called by the reader's thread."""
        self._handler.handle_message(message)
        if message["method"] == "report_custom_message":
            self._heard((message["params"] or {}).get("payload") or {})


class LiveMessages(dg.PipesTempFileMessageReader):
    """Reads messages from a temporary file, and passes ours on as they come."""

    def __init__(self, heard: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._heard = heard

    @contextmanager
    def read_messages(self, handler: Any) -> Iterator[Any]:
        """Used by Dagster while the process runs."""
        relay: Any = _Relay(handler, self._heard)
        with super().read_messages(relay) as params:
            yield params


def environment(bootstrap: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without secrets, without telemetry, and with what Dagster wants to tell the child."""
    kept = {name: value for name, value in os.environ.items() if not any(part in name.upper() for part in _SECRET)}
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
    return {"HF_HUB_OFFLINE": "1", **kept, **quiet, **bootstrap}


class Needs(Protocol):
    """What a training may take of the machine."""

    @property
    def memory_gb(self) -> int: ...
    def environment(self, processes: int = 1) -> dict[str, str]: ...


class Trainer(dg.ConfigurableResource):
    """Runs a training script to its end; a cancelled or killed run leaves a checkpoint and no process."""

    #: Between SIGTERM and SIGKILL: the time to save a checkpoint.
    grace_seconds: float = 60.0

    def run(
        self, context: dg.AssetExecutionContext, command: Sequence[str], needs: Needs, processes: int = 1
    ) -> list[dict[str, Any]]:
        """Run the command. Each of its messages is an observation of the asset while it runs.

        Args:
            processes: That the command starts; each may take the processors and GPUs of ``needs``, all the memory.

        Returns:
            All messages.

        Raises:
            dg.Failure: it refused its input (not to be tried again), was stopped, or ended with an error.
        """
        from vitrina.training.launching import supervised
        from vitrina.training.supervisor import OUT_OF_MEMORY
        from vitrina.training.telling import BAD_INPUT, STOPPED

        messages: list[dict[str, Any]] = []

        def heard(message: Mapping[str, Any]) -> None:
            messages.append(dict(message))
            told = {name: value for name, value in message.items() if isinstance(value, int | float | str)}
            context.log_event(dg.AssetObservation(context.asset_key, metadata=told))

        with dg.open_pipes_session(
            context=context, context_injector=dg.PipesTempFileContextInjector(), message_reader=LiveMessages(heard)
        ) as session:
            env = environment(session.get_bootstrap_env_vars()) | needs.environment(processes)
            memory = needs.memory_gb * processes * _GB
            with supervised(command, env=env, grace=self.grace_seconds, memory=memory) as running:
                context.log.info("Training runs under process %d.", running.pid)
                while (code := running.wait(_TICK)) is None:
                    pass
        if code == OUT_OF_MEMORY:
            raise dg.Failure(
                f"The training took more than {needs.memory_gb * processes} GB of memory and was ended. Lower batch or "
                "max_length, or set gradient_checkpointing.",
                allow_retries=False,
            )
        if code and messages:  # a launcher of several processes hides their own codes
            code = {"refused": BAD_INPUT, "stopped": STOPPED}.get(str(messages[-1].get("stage")), code)
        if code == BAD_INPUT:
            why = next((each["why"] for each in reversed(messages) if each.get("stage") == "refused"), "see the log")
            raise dg.Failure(str(why), allow_retries=False)
        if code == STOPPED:
            raise dg.Failure("The training was stopped; the next try goes on from its checkpoint.")
        if code:
            raise dg.Failure(f"The training ended with code {code}; the next try goes on from its newest checkpoint.")
        return messages
