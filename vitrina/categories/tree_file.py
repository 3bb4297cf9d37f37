"""Reading ``categories.yaml``.

Belongs here: the file format and its checks, each message with its line. Stays out: what the tree can do (``tree``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from vitrina.categories.tree import LANGUAGES, CategoryNode, CategoryTree, CategoryTreeError

_MAX_BYTES = 20 * 1024 * 1024
_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_KEYS = {"slug", "parent", "names", "synonyms", "examples", "needs_review", "facts"}
_LINE = "__line__"


class _Loader(yaml.SafeLoader):
    """Safe YAML that remembers lines, refuses repeated keys, and knows no aliases (they can grow without bound)."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not supported", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.MarkedYAMLError(problem=f"the key {min(twice)!r} stands twice", problem_mark=node.start_mark)
        return {**super().construct_mapping(node, deep), _LINE: node.start_mark.line + 1}


def read_tree(path: Path) -> CategoryTree:
    """The tree in a YAML file: a list of categories under ``categories`` (or the list itself).

    Raises:
        CategoryTreeError: Everything found wrong, up to 20 lines, each with its line in the file.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CategoryTreeError(f"{path.name} is larger than {_MAX_BYTES // 1024**2} MB.")
        document = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise CategoryTreeError(f"There is no file {path}.") from error
    except (UnicodeDecodeError, OSError) as error:
        raise CategoryTreeError(f"{path.name} cannot be read as UTF-8: {error}.") from error
    except RecursionError as error:
        raise CategoryTreeError(f"{path.name} is nested too deeply.") from error
    except ValueError as error:  # a date such as 2026-99-99, which YAML takes for one
        raise CategoryTreeError(
            f"{path.name} has a value that is none: {error}.", hint="Put quotes around dates and times."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "somewhere"
        problem = getattr(error, "problem", None) or str(error)
        raise CategoryTreeError(f"{path.name}, {where}: {problem}.") from error
    items = document.get("categories") if isinstance(document, dict) else document
    if not isinstance(items, list) or not items:
        raise CategoryTreeError(f"{path.name} lists no categories.", hint="Begin it with: categories: [{slug: …}]")

    problems: list[str] = []
    nodes = [node for item in items if (node := _node(item, problems)) is not None]
    lines = {
        item["slug"]: item[_LINE] for item in items if isinstance(item, dict) and isinstance(item.get("slug"), str)
    }
    if not problems:
        try:
            return CategoryTree(nodes)
        except CategoryTreeError as error:
            for text in error.message.split("\n")[1:]:
                problems.append(f"line {lines.get(text.split(':')[0], '?')}: {text}")
    more = f"\n… and {len(problems) - 20} more" if len(problems) > 20 else ""
    raise CategoryTreeError(f"{path.name} is wrong:\n" + "\n".join(problems[:20]) + more)


def _node(item: Any, problems: list[str]) -> CategoryNode | None:
    if not isinstance(item, dict):
        problems.append(f"{item!r:.60} is no category; write one object each with slug and names")
        return None
    line = item[_LINE]
    before = len(problems)

    def wrong(text: str) -> None:
        problems.append(f"line {line}: {text}")

    slug = item.get("slug")
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug) or len(slug) > 120:
        wrong(f"slug {slug!r} must be lower-case Latin letters, digits and hyphens, at most 120")
    unknown = set(item) - _KEYS - {_LINE}
    if unknown:
        wrong(f"unknown keys {', '.join(sorted(map(str, unknown)))}; known are {', '.join(sorted(_KEYS))}")
    parent = item.get("parent")
    if parent is not None and not isinstance(parent, str):
        wrong("parent must be a slug or null")
    names = _by_language(item.get("names"), "names", wrong)
    clean = {language: name.strip() for language, name in names.items() if isinstance(name, str) and name.strip()}
    if "ru" not in clean or len(clean) != len(names) or any(len(name) > 200 for name in clean.values()):
        wrong("names must be texts of at most 200 letters by language, ru among them")
    synonyms = _by_language(item.get("synonyms") or {}, "synonyms", wrong)
    needs_review = item.get("needs_review", False)
    if not isinstance(needs_review, bool):
        wrong("needs_review must be true or false")
    lists = {language: _texts(words, f"synonyms in {language}", wrong) for language, words in synonyms.items()}
    examples = _texts(item.get("examples"), "examples", wrong)
    facts = _texts(item.get("facts"), "facts", wrong)
    if len(problems) > before:
        return None
    return CategoryNode(str(slug), parent, clean, lists, examples, needs_review, facts)


def _by_language(value: Any, what: str, wrong: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        wrong(f"{what} must be an object with the languages {', '.join(LANGUAGES)}")
        return {}
    known = {language: part for language, part in value.items() if language in LANGUAGES}
    unknown = set(value) - set(known) - {_LINE}
    if unknown:
        wrong(f"{what} in unknown languages {', '.join(sorted(map(str, unknown)))}")
    return known


def _texts(value: Any, what: str, wrong: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        wrong(f"{what} must be a list of texts (put quotes around numbers)")
        return ()
    return tuple(text.strip() for text in value if text.strip())
