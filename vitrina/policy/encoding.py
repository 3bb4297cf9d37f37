"""From a prompt to token ids and back, in one way for training and for writing.

What belongs here: what a writer reads, what it must write, and what its ids say. What stays out: models.
"""

from __future__ import annotations

from collections.abc import Sequence

from vitrina.reward.transformer.tokens import Encoder


class WriterEncoder(Encoder):
    """An encoder that keeps the beginning of a prompt: that is where the product is named."""

    @property
    def answer_length(self) -> int:
        """Tokens of a text at most."""
        head, middle, tail = self._frame()
        return self.encoding.max_length - self.encoding.prompt_length - len(head) - len(middle) - len(tail)

    def asked(self, prompt: str) -> list[int]:
        """Ids up to where the answer begins."""
        head, middle, _ = self._frame()
        return [*head, *self._ids(prompt)[: self.encoding.prompt_length], *middle]

    def answered(self, text: str) -> tuple[list[int], bool]:
        """Ids of an answer with its end token, and whether it had to be cut; a cut answer has no end."""
        said = self._ids(text)
        if len(said) > self.answer_length:
            return said[: self.answer_length], True
        return [*said, self.tokenizer.eos_token_id], False

    def encode(self, prompt: str, answer: str) -> tuple[list[int], bool]:
        """Ids of both, and whether the answer had to be cut."""
        said, cut = self.answered(answer)
        return [*self.asked(prompt), *said], cut

    def read(self, ids: Sequence[int]) -> str:
        """What these ids say."""
        return tidy(self.tokenizer.decode(list(ids), skip_special_tokens=True))


def tidy(text: str) -> str:
    """A written text as it is scored and stored, in training as ever after: no blanks around it, no NUL in it."""
    return text.replace("\0", "").strip()
