"""From a prompt and an answer to token ids, in one way for training and for every later score.

What belongs here: the tokenizer trained on the training fold, and the encoding with its end token. What stays out:
models.

A reward model reads its number at the end token. Scored without it, the same model lost 7 points of accuracy; so no
caller tokenizes anything itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, END, ANSWER = "<|pad|>", "<|end|>", "<|answer|>"
_ENCODING = "encoding.json"
#: Characters of one text that are looked at; a token has about four.
_CHARACTERS_PER_TOKEN = 16


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer: any text can be written with it, in any script."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, ANSWER],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, additional_special_tokens=[ANSWER]
    )


@dataclass(frozen=True, slots=True)
class Encoding:
    """How texts become ids: `own` marks the answer with a token of its own, `chat` uses the tokenizer's template, and
    `plain` sets the answer two lines below the prompt.
    """

    style: str
    max_length: int
    prompt_length: int


class Encoder:
    """A tokenizer and how it is used."""

    def __init__(self, tokenizer: Any, encoding: Encoding) -> None:
        self.tokenizer, self.encoding = tokenizer, encoding

    def encode(self, prompt: str, answer: str) -> tuple[list[int], bool]:
        """Ids that end with the end token, and whether the answer had to be cut.

        A prompt keeps its last `prompt_length` tokens and an answer its first ones, so that all fits `max_length`.
        """
        asked = self._ids(prompt)[-self.encoding.prompt_length :] if self.encoding.prompt_length else []
        head, middle, tail = self._frame()
        room = self.encoding.max_length - len(head) - len(asked) - len(middle) - len(tail)
        said = self._ids(answer)
        return [*head, *asked, *middle, *said[:room], *tail], len(said) > room

    def _ids(self, text: str) -> list[int]:
        kept = text[: self.encoding.max_length * _CHARACTERS_PER_TOKEN]
        for special in self.tokenizer.all_special_tokens:
            # A text that names the end token must not end there
            kept = kept.replace(special, " ")
        return list(self.tokenizer(kept, add_special_tokens=False)["input_ids"])

    def _frame(self) -> tuple[list[int], list[int], list[int]]:
        """Ids before the prompt, between prompt and answer, and after the answer."""
        end = self.tokenizer.eos_token_id
        if self.encoding.style == "own":
            return [], [self.tokenizer.convert_tokens_to_ids(ANSWER)], [end]
        if self.encoding.style == "plain":
            return [], list(self.tokenizer("\n\n", add_special_tokens=False)["input_ids"]), [end]
        return self._template(end)

    def _template(self, end: int) -> tuple[list[int], list[int], list[int]]:
        marks = "\u241f1", "\u241f2"
        turns = [{"role": "user", "content": marks[0]}, {"role": "assistant", "content": marks[1]}]
        written = self.tokenizer.apply_chat_template(turns, tokenize=False)
        head, rest = written.split(marks[0], 1)
        middle, tail = rest.split(marks[1], 1)
        ids = [
            list(self.tokenizer(part, add_special_tokens=False)["input_ids"]) for part in (head, middle, tail.rstrip())
        ]
        return ids[0], ids[1], ids[2] if end in ids[2] else [*ids[2], end]

    def save(self, folder: Path) -> None:
        """Write the tokenizer and the encoding."""
        self.tokenizer.save_pretrained(folder)
        (folder / _ENCODING).write_text(json.dumps(asdict(self.encoding)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what `save` wrote."""
        from transformers import AutoTokenizer

        encoding = Encoding(**json.loads((folder / _ENCODING).read_text(encoding="utf-8")))
        return cls(AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False), encoding)
