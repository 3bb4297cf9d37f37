"""Records of each known format, written to a file and read again."""

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from vitrina.preferences.formats import (
    PreferenceRow,
    SetAside,
    read_preferences,
)

OURS = {"prompt": "Опиши чайник", "response_a": "Чайник на 1,7 л.", "response_b": "Лучший чайник!", "preferred": "a"}
HH = {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello.", "rejected": "\n\nHuman: Hi\n\nAssistant: Go away."}
PANDALM = {
    "instruction": "Sum up",
    "input": "A text",
    "response1": "One",
    "response2": "Two",
    "annotator1": 2,
    "annotator2": 2,
    "annotator3": 0,
    "motivation_app": "Mail",
}
QA = {
    "question": "Who?",
    "prediction_1": "Ann",
    "prediction_2": "Bob",
    "prediction_3": "Cid",
    "prediction_4": "Dan",
    "preference": [1, 2, 0, 1, 2, 0],
}
LLMBAR = {"input": "Say yes", "output_1": "No", "output_2": "Yes", "label": 2, "subset": "Natural"}
REWARDBENCH = {"prompt": "Say yes", "chosen": "Yes", "rejected": "No", "subset": "chat", "id": 7}
BEST_OF = {"prompt": "Say yes", "chosen": ["Yes"], "rejected": ["No", "Maybe", "Never"], "subset": "math", "id": "x"}
SAMPLES = {
    "ours": OURS,
    "hh-rlhf": HH,
    "pandalm": PANDALM,
    "qa-feedback": QA,
    "llmbar": LLMBAR,
    "rewardbench": REWARDBENCH,
}


def write(path: Path, *records: Any) -> Path:
    text = "\n".join(record if isinstance(record, str) else json.dumps(record) for record in records) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path, format: str | None = None) -> PreferenceRow:
    (row,) = read_preferences(path, format)
    assert isinstance(row, PreferenceRow)
    return row


def aside(path: Path, format: str | None = None) -> list[tuple[str, int]]:
    return [(str(row.reason), row.line) for row in read_preferences(path, format) if isinstance(row, SetAside)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
