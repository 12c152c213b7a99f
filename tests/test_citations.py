"""Every document that code, tests or documents cite is there, with the heading that is cited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("fakefal/**/*.py", "fakefal/**/*.cjs", "tests/**/*.py", "scenarios/**/*")
DOCUMENTS = (
    "docs/**/*.md",
    *("README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("benchmarks/README.md", ".github/*.md"),
)
FENCE = re.compile(r"^ *(`{3,}|~{3,}).*?^ *\1`* *$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *#* *$", re.MULTILINE)
CITED = re.compile(r"(?<![\w/.-])((?:docs/[\w./-]+|[A-Z]{4,})\.md)(?:#([\w-]+))?")
INLINE_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
REFERENCE_LINK = re.compile(r"^\[[^\]]+\]: +<?([^\s>]+)>?", re.MULTILINE)
UNPUBLISHED = re.compile(
    r"\b(?:failures|design|style|house)\.md"
    r"|\b(?:protocol|clients)\.md (?:sections?|appendix|row|\d)"
    r"|\brows? \d+ of (?:section|the sheet)",
    re.IGNORECASE,
)
UNPUBLISHED_IN_CODE = re.compile(
    r"(?<!docs/reference/)\bprotocol\.md|(?<!docs/)(?<!docs/reference/)\bclients\.md"
)
"""Sheets that no reader of the repository has; their facts are in docs/reference/."""


def _files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not {"node_modules", "__pycache__"} & {*parts}:
                yield path


@cache
def anchors(document: Path) -> frozenset[str]:
    """The anchors that GitHub makes of headings: lower case, dashes, no punctuation."""
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    slugs: dict[str, int] = {}
    result = set()
    for heading in HEADING.findall(text):
        words = re.sub(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        count = slugs.get(slug, 0)
        slugs[slug] = count + 1
        result.add(f"{slug}-{count}" if count else slug)
    return frozenset(result)


def _problem(target: Path, anchor: str | None) -> str | None:
    if not target.exists():
        return "no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "no such heading"
    return None


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def citation_problems(path: Path, text: str) -> Iterator[str]:
    """Citations from the root of the repository that lead nowhere: ``docs/x.md#heading``."""
    for match in CITED.finditer(text):
        name, anchor = match.groups()
        if "/" not in name and not (ROOT / name).exists() and name != "ARCHITECTURE.md":
            continue
        if problem := _problem(ROOT / name, anchor):
            yield f"{path.relative_to(ROOT)}:{_line(text, match.start())}: {match[0]}: {problem}"


def unpublished_citations(path: Path, text: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """Citations of documents that the repository does not have."""
    for match in pattern.finditer(text):
        place = f"{path.relative_to(ROOT)}:{_line(text, match.start())}"
        yield f"{place}: {match[0]}: not a document of this repository"


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def link_problems(path: Path, text: str) -> Iterator[str]:
    """Relative links of a document that lead nowhere; code is left out."""
    prose = CODE_SPAN.sub(_blanked, FENCE.sub(_blanked, text))
    for pattern in (INLINE_LINK, REFERENCE_LINK):
        for match in pattern.finditer(prose):
            link = match[1]
            if re.match(r"[a-z][a-z+.-]*:", link) or link.startswith("/"):
                continue
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            if problem := _problem(target, anchor):
                yield f"{path.relative_to(ROOT)}:{_line(prose, match.start())}: {link}: {problem}"


def test_every_citation_and_link_leads_to_a_heading_that_exists() -> None:
    problems: list[str] = []
    for path in _files(CODE):
        if path == Path(__file__) or path.suffix in {".png", ".jpg", ".wav", ".mp4", ".lock"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        problems += citation_problems(path, text)
        problems += unpublished_citations(path, text, UNPUBLISHED)
        problems += unpublished_citations(path, text, UNPUBLISHED_IN_CODE)
    for path in _files(DOCUMENTS):
        text = path.read_text(encoding="utf-8")
        problems += link_problems(path, text)
        problems += unpublished_citations(path, text, UNPUBLISHED)
    if problems:
        text = "\n".join([f"{len(problems)} citations lead nowhere:", *problems])
        pytest.fail(text, pytrace=False)
