"""The rules of docs/architecture.md that import-linter and ruff cannot see: pages, sizes, names, words, imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "pages").rglob("*.py"))
SCREEN = [*PAGES, *sorted((ROOT / "core" / "ui").rglob("*.py"))]
PRODUCT = [ROOT / "app.py", *PAGES, *sorted((ROOT / "core").rglob("*.py"))]

PAGE_LINES, FILE_LINES, FUNCTION_LINES = 120, 300, 40
PAGE_IMPORTS = ("streamlit", "core.ui", "core.services")
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
SQL = re.compile(r"\b(SELECT|INSERT INTO|DELETE FROM|CREATE (TABLE|VIEW)|UPDATE \w+ SET|GROUP BY|ORDER BY)\b")
NOT_OUR_WORDS = re.compile(r"\b(thresholds?|projects?)\b", re.IGNORECASE)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u26ff\u2705\u274c\u2728]")
SLOW = (
    *("sklearn", "lightgbm", "shap", "optuna", "pandas", "plotly", "evidently", "scipy.stats"),
    *("fastapi", "pydantic", "argon2", "authlib", "prometheus_client", "apscheduler", "apprise"),
    *("alembic", "psycopg", "pymysql", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.mysql"),
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                [node.module or ""] if node.module != "core" else [f"core.{alias.name}" for alias in node.names]
            )


def may_import(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names or any(
        name == allowed or name.startswith(f"{allowed}.") for allowed in PAGE_IMPORTS
    )


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that are docstrings."""
    owners = (node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | Function))
    firsts = (owner.body[0] for owner in owners if owner.body)
    return {
        id(first.value) for first in firsts if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    }


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every text of the code that is not a docstring."""
    documentation = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node


def page_sins(source: str) -> list[str]:
    """What a page does that is not a page's work."""
    tree = ast.parse(source)
    sins = [f"imports {name}" for name in imports(tree) if not may_import(name)]
    sins += [f"{node.lineno}: holds SQL" for node in texts(tree) if SQL.search(str(node.value))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Try | ast.TryStar):
            sins.append(f"{node.lineno}: catches errors (core.ui.messages does that)")
        elif isinstance(node, ast.Attribute) and node.attr in {"groupby", "group_by", "sql", "execute"}:
            sins.append(f"{node.lineno}: .{node.attr}() belongs in a service or the store")
    return sins


def code_lines(function: Function) -> int:
    """Lines from the first decorator to the end; a docstring is not counted, so that none is left out to save room."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    head = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    documentation = (head.end_lineno or head.lineno) - head.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - first + 1 - documentation


def long_functions(source: str) -> list[str]:
    functions = (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))
    return [f"{node.name}: {code_lines(node)} lines" for node in functions if code_lines(node) > FUNCTION_LINES]


def wrong_words(source: str) -> list[str]:
    found = ((node.lineno, str(node.value)) for node in texts(ast.parse(source)))
    return [f"{line}: {text!r}" for line, text in found if NOT_OUR_WORDS.search(text) or EMOJI.search(text)]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_only_shows(page: Path) -> None:
    assert page_sins(page.read_text()) == []


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_sizes(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= (PAGE_LINES if path in PAGES else FILE_LINES)
    assert long_functions(source) == []


@pytest.mark.parametrize("path", SCREEN, ids=name_of)
def test_words_on_the_screen(path: Path) -> None:
    assert wrong_words(path.read_text()) == []


def test_file_names_say_something() -> None:
    assert [name_of(path) for path in PRODUCT if set(path.stem.split("_")) & SAYS_NOTHING] == []


@pytest.mark.parametrize(
    ("source", "sin"),
    [
        ("import pandas", "pandas"),
        ("from core.store import log", "core.store"),
        ("from core import store", "core.store"),
        ("x = 'SELECT a FROM b'", "SQL"),
        ("try:\n    pass\nexcept ValueError:\n    pass", "catches"),
        ("rows.groupby('a')", "groupby"),
    ],
)
def test_a_page_that_does_more_is_found(source: str, sin: str) -> None:
    assert any(sin in found for found in page_sins(source))


def test_a_page_that_only_shows_passes() -> None:
    source = (
        '"""Select a file from the list."""\nimport streamlit as st\nfrom core.ui import state\nst.title("Select one")'
    )
    assert page_sins(source) == []


def test_long_functions_and_wrong_words_are_found() -> None:
    assert long_functions("def f():\n" + "    x = 1\n" * 40) == ["f: 41 lines"]
    assert long_functions('def f():\n    """One\n    two."""\n' + "    x = 1\n" * 39) == []
    assert wrong_words("x = 'Above the threshold'") and wrong_words("x = '\U0001f680'")
    assert wrong_words('"""The threshold."""\nx = "projected"') == []


def is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def test_every_part_of_core_stands_under_every_import_rule() -> None:
    """A contract names its modules one by one; a new one must not slip past."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    owners = {"screen": {"core.ui"}, "databases": {"core.store"}, "estimators": {"core.ml"}, "others": {"core.bridges"}}
    owners["api"] = {"core.api"}
    parts = {f"core.{path.stem}" for path in (ROOT / "core").iterdir() if path.suffix == ".py" or is_package(path)}
    parts -= {"core.__init__", "core.__main__"}
    for contract in contracts:
        if contract["id"] in owners:
            assert set(contract["source_modules"]) | owners[contract["id"]] == parts, contract["name"]


IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
path = package.__path__ if sys.argv[2] == "all" else []
for module in pkgutil.walk_packages(path, sys.argv[1] + "."):
    importlib.import_module(module.name)
print("\\n".join(sys.modules))
"""


def loaded_by(package: str, depth: str) -> set[str]:
    """Names of the modules that importing a package (alone, or all of it) loads."""
    command = [sys.executable, "-c", IMPORT_ALL, package, depth]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("package", "depth", "never"),
    [
        ("core", "alone", (*SLOW, "streamlit", "numpy", "pyarrow", "duckdb", "sqlalchemy")),
        ("core.cli", "alone", (*SLOW, "streamlit")),
        ("core.domain", "all", (*SLOW, "streamlit", "duckdb", "sqlalchemy")),
        ("core.usecases", "all", (*SLOW, "streamlit", "duckdb", "sqlalchemy")),
        ("core.store", "all", (*SLOW, "streamlit")),
        ("core.services", "all", (*SLOW, "streamlit")),
        ("core.ui", "all", tuple(set(SLOW) - {"plotly"})),  # streamlit itself imports plotly
    ],
)
def test_imports_no_slow_library(package: str, depth: str, never: tuple[str, ...]) -> None:
    assert loaded_by(package, depth) & set(never) == set()
