"""The architecture page tells the truth: its paths, names and packages exist, none is left out."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CODE = re.findall(r"`([^`]+)`", PAGE)


def test_every_path_on_the_page_exists() -> None:
    paths = [text for text in CODE if re.match(r"(autofx_core|stimuli_gen|\w+)/", text)]
    assert len(paths) > 30
    inside = {"notes/": "autofx_core", "pretrained/": "autofx_core"}
    missing = [path for path in paths if not (ROOT / inside.get(path, "") / path).exists()]
    assert missing == []
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize(("path", "name"), re.findall(r"`([\w/]+\.py)` \(`(\w+)`\)", PAGE))
def test_every_name_that_a_task_begins_at_is_in_its_file(path: str, name: str) -> None:
    defined = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            defined.add(node.name)
    assert name in defined


@pytest.mark.parametrize("package", ["autofx_core", "stimuli_gen", "webmushra_app", "analysis"])
def test_every_package_and_sub_package_is_named(package: str) -> None:
    assert f"**`{package}`**" in PAGE
    files = [path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*.*")]
    folders = {path.parts[0] for path in files if len(path.parts) > 1}
    for folder in folders - {"__pycache__", "recogniser"}:
        assert {folder, f"{folder}/"} & set(CODE), f"{package}/{folder} is not on the page"


def test_the_page_answers_twelve_tasks() -> None:
    tasks = [row.split("|")[1].strip() for row in PAGE.splitlines() if row.startswith("| a")]
    assert tasks == [
        *("an effect", "a feature", "a network", "a condition", "a question type", "a test kind"),
        *("an export", "a statistic", "a figure", "a language", "a database column", "a command"),
    ]


def test_every_picture_of_a_page_is_shown_in_the_documentation_and_small() -> None:
    page = (ROOT / "docs" / "pages.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\((screenshots/[^)]+)\)", page)
    pictures = list((ROOT / "docs" / "screenshots").iterdir())
    assert sorted(shown) == sorted(f"screenshots/{path.name}" for path in pictures)
    assert sum(path.stat().st_size for path in pictures) < 1_500_000
