"""The size guide of the project: it warns at the guide and fails at twice that."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE_LINES, MEDIAN_LINES, FUNCTION_LINES, CLASS_METHODS = 500, 150, 60, 25

SOURCES = sorted(path for package in ("agent", "console") for path in (ROOT / package).rglob("*.py"))


def judge(what: str, size: float, guide: float) -> None:
    if size > guide:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"{what} has {size:g}, the guide is {guide:g}", stacklevel=2)
    assert size <= 2 * guide, f"{what} has {size:g}, more than twice the guide of {guide:g}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_functions_and_classes_stay_small(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    where = path.relative_to(ROOT)
    judge(f"{where}: lines", source.count("\n"), MODULE_LINES)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            judge(f"{where}: lines of {node.name}", node.end_lineno - node.lineno + 1, FUNCTION_LINES)
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            judge(f"{where}: methods of {node.name}", methods, CLASS_METHODS)


def test_the_median_module_is_short() -> None:
    judge("median lines of a module", statistics.median(len(p.read_text().splitlines()) for p in SOURCES), MEDIAN_LINES)


def test_import_contracts_hold() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]


@pytest.mark.parametrize("heavy", ["textual", "asyncssh", "plotext", "aiosqlite", "pydantic", "yaml"])
def test_starting_the_command_line_imports_nothing_heavy(heavy: str) -> None:
    code = f"import sys, console.__main__; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0, (
        f"{heavy} is imported"
    )


def test_the_agent_package_compiles_as_python_3_9() -> None:
    for path in (ROOT / "agent").rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=(3, 9))
