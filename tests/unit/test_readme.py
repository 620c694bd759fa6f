"""The README: short, without dead links, and each of its claims shown by a test or a benchmark."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from ccsync_watch.cli.command_index import list_commands
from ccsync_watch.config import declared_settings
from support.claude_client.versions import FIRST_VERSION
from support.readme_claims import CLAIMS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_LINES = 200

# What says nothing that could be wrong: it leads somewhere, or it says what is shown elsewhere.
_NOT_CLAIMS = ("#", "![", "[")
# What is so elsewhere, or an opinion: no test of ours can show it.
_NOT_OURS = ("Where `pip` answers", "Cases and texts are our own")
_SENTENCE_END = re.compile(r"(?<=[.:?]) (?=[A-Z`\[])")
_MARKDOWN = sorted(
    path
    for folder in (ROOT, ROOT / ".github", ROOT / "plugin", ROOT / "scripts", ROOT / "ccsync_watch")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)


def _flat(text: str) -> str:
    return " ".join(text.split())


def _claims() -> list[str]:
    """Return the sentences, and the rows of tables, outside code and outside what is generated."""
    text = re.sub(r"```.*?```|<!-- generated.*?<!-- end -->", "", README, flags=re.DOTALL)
    claims: list[str] = []
    for paragraph in text.split("\n\n"):
        is_table = paragraph.strip().startswith("|")
        flat = _flat(paragraph)
        claims += paragraph.strip().splitlines()[2:] if is_table else _SENTENCE_END.split(flat)
    return [text for text in map(_flat, claims) if text and not text.startswith(_NOT_CLAIMS)]


def test_it_is_short() -> None:
    """A stranger reads it whole."""
    assert len(README.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("claim", _claims(), ids=lambda claim: claim[:40])
def test_every_sentence_is_shown(claim: str) -> None:
    """By a test or a benchmark of `readme_claims`; what leads to an example, by that."""
    is_shown = claim.endswith(":") or claim.startswith(_NOT_OURS)
    assert is_shown or any(_flat(quote) in claim for quote in CLAIMS)


@pytest.mark.parametrize("quote", CLAIMS)
def test_what_is_claimed_is_written(quote: str) -> None:
    """A claim that the README has no longer is removed."""
    assert _flat(quote) in _flat(README)


@pytest.mark.parametrize("shown_by", sorted({name for names in CLAIMS.values() for name in names}))
def test_what_shows_a_claim_exists(shown_by: str) -> None:
    """A test by its file and name, or a benchmark."""
    if shown_by.startswith("bench "):
        assert (ROOT / "scripts" / f"bench_{shown_by.removeprefix('bench ')}.py").exists()
        return
    name, _, test = shown_by.partition("::")
    text = (ROOT / "tests" / name).read_text(encoding="utf-8")
    assert re.search(rf"def {test}\(" if test else "def test_", text)


@pytest.mark.parametrize("path", _MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """To a file of the repository, and to a heading of it; addresses of releases are GitHub's."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        if re.match(r"https?:|mailto:", target) or "../../" in name:
            continue
        linked = (path.parent / name).resolve() if name else path
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_every_command_that_is_named_exists() -> None:
    """In examples and prose, of this README and of the plugin's."""
    text = README + (ROOT / "plugin/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|`…/|uv run )ccsync-watch ([a-z][a-z-]+)", text))
    assert named - {command.name for command in list_commands()} == set()
    assert "login" in named


def test_the_example_of_settings_is_valid() -> None:
    """Its keys are settings, its values of the type that each has."""
    example = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert example is not None
    settings = declared_settings()
    for key, value in orjson.loads(example[1].replace("osk_…", "osk_x")).items():
        settings[key].check(value)


def test_the_oldest_python_is_named() -> None:
    """As the package says."""
    oldest = re.search(r'requires-python = ">=(.*?)"', (ROOT / "pyproject.toml").read_text())
    assert oldest is not None
    assert f"Python {oldest[1]} or later" in README


def test_the_oldest_client_is_named() -> None:
    """The one that the tests run."""
    assert f"Claude Code {FIRST_VERSION} or later" in README


def test_exit_codes_are_those_of_the_errors() -> None:
    """Every code that a command ends with is explained."""
    codes = re.findall(r"exit_code = (\d)", (ROOT / "ccsync_watch/errors.py").read_text())
    explained = re.search(r"Exit codes: (.*?)\n\n", README, re.DOTALL)
    assert explained is not None
    assert set(re.findall(r"\d", explained[1])) == {"0", *codes}


def test_every_dependency_is_explained() -> None:
    """What it is for, its licence, and what would be without it."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert listed is not None
    needed = set(re.findall(r'^ +"([a-z0-9-]+)', listed[1], re.MULTILINE))
    table = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    section = table.partition("## Dependencies")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z0-9-]+)`", section, re.MULTILINE)) == needed
