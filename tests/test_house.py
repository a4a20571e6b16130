"""The map, tested: what docs/architecture.md and the style promise is so."""

import ast
import importlib.metadata
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from broker.providers import CATALOGUE

HOME = Path(__file__).parents[1]
SOURCES = sorted([*HOME.glob("allowlist/**/*.py"), *HOME.glob("broker/**/*.py")])
TESTS = sorted(path for path in HOME.glob("tests/**/test_*.py"))

# The rows of the security checklist that this broker has to show, each by a test whose docstring begins with it.
SHOWN = {
    "RU": range(1, 14),
    "AZ": range(1, 15),
    "CB": range(1, 12),
    "OC": range(1, 10),
    "TK": range(1, 15),
    "JW": range(1, 8),
    "RT": range(1, 10),
    "LK": range(1, 5),
    "RV": range(1, 3),
    "IN": range(1, 2),
    "MD": range(1, 4),
    "PR": range(1, 3),
    "TV": range(1, 12),
}

FLOORS = {"pyjwt": (2, 13), "litestar": (2, 22), "authlib": (1, 8), "joserfc": (1, 6, 3)}


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True, check=True).stdout
    return [HOME / name for name in listed.splitlines() if (HOME / name).is_file()]


def test_import_contracts():
    """Every room imports only the rooms that it may."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_small_files_and_functions():
    """No file is longer than 300 lines, no function than 40, and half of them are 8 or shorter."""
    long_files = [path.name for path in SOURCES if len(path.read_text().splitlines()) > 300]
    lengths = {f"{path.name}:{node.name}": length(node) for path in SOURCES for node in functions(path)}
    assert not long_files
    assert not [name for name, lines in lengths.items() if lines > 40]
    assert statistics.median(lengths.values()) <= 8
    assert statistics.quantiles(lengths.values(), n=10)[-1] <= 25


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOME)))
def test_every_file_says_what_it_is(path: Path):
    """Each module opens with a docstring, and is not called after a drawer without a label."""
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert path.stem not in {"utils", "helpers", "common", "constants", "manager", "service"}


def test_every_test_says_its_claim():
    """Each test has a docstring that states in a sentence what must hold."""
    silent = [
        f"{path.relative_to(HOME)}::{node.name}"
        for path in TESTS
        for node in functions(path)
        if node.name.startswith("test") and not ast.get_docstring(node)
    ]
    assert not silent


def test_the_proof_is_made_in_one_place():
    """An AllowedRedirectUri is constructed once in the whole code: inside Allowlist.verify."""
    makers = [
        (path.name, node.name)
        for path in SOURCES
        for node in functions(path)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "AllowedRedirectUri"
    ]
    assert makers == [("store.py", "verify")]


def test_a_location_is_written_in_one_place():
    """Only responses.py writes a Location header, and only from a proof or to a provider (the simulator is no door)."""
    writers = {
        path.name
        for path in SOURCES
        if '"location"' in path.read_text().lower() and "simulator" not in path.parts
    }
    assert writers == {"responses.py"}


def test_settings_are_read_in_one_place():
    """Only cli/settings.py looks at the environment."""
    readers = {
        str(path.relative_to(HOME)) for path in SOURCES if re.search(r"os\.environ|getenv", path.read_text())
    }
    assert readers == {"broker/cli/settings.py"}


@pytest.mark.parametrize("provider_id", CATALOGUE)
def test_a_provider_is_one_file(provider_id: str):
    """A provider is one file, named as its id; it names its documentation, its console and its scopes in people's words."""
    provider = CATALOGUE[provider_id]
    assert provider.id == provider_id
    assert len((HOME / f"broker/providers/catalogue/{provider_id}.py").read_text().splitlines()) <= 160
    assert provider.source.startswith("https://")
    assert provider.setup is not None
    assert provider.setup.console.startswith("https://")
    assert any("{callback}" in step for step in provider.setup.steps)
    assert set(provider.scopes) <= set(provider.scope_labels)


def test_no_other_file_names_a_provider():
    """What is peculiar to a provider stands in its file: no other code in the broker's rooms asks for an id."""
    named = re.compile(rf'"({"|".join(CATALOGUE)})"')
    rooms = [path for path in SOURCES if "catalogue" not in path.parts and "simulator" not in path.parts]
    found = {str(path.relative_to(HOME)): named.findall(path.read_text()) for path in rooms}
    found.pop("broker/backend_api/external_accounts.py")  # Clerk's wire has names of its own for two
    assert {path: ids for path, ids in found.items() if ids} == {}


def test_every_key_is_documented():
    """docs/redis.md has each key that the code makes."""
    documented = set(re.findall(r"^\| `([a-z_]+)", (HOME / "docs/redis.md").read_text(), re.MULTILINE))
    made = set()
    for path in [*HOME.glob("broker/store/*.py"), HOME / "allowlist/store.py"]:
        made |= set(re.findall(r'f"([a-z_]+):\{\{', path.read_text()))
        made |= set(re.findall(r'kind = "([a-z_]+)"', path.read_text()))
    assert made <= documented
    assert {"pending", "code", "session", "grant", "allowlist"} <= made


def test_every_checklist_row_is_shown():
    """Each row of the security checklist that applies has a test that names it."""
    named = set()
    for path in TESTS:
        for node in functions(path):
            named |= set(re.findall(r"\b([A-Z]{2})-(\d\d)", (ast.get_docstring(node) or "").split(":")[0]))
    missing = [
        f"{row}-{n:02}" for row, numbers in SHOWN.items() for n in numbers if (row, f"{n:02}") not in named
    ]
    assert not missing


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_version_floors(package: str, floor: tuple[int, ...]):
    """Libraries with known holes below a version are above it."""
    found = tuple(int(part) for part in importlib.metadata.version(package).split(".")[:3] if part.isdigit())
    assert found >= floor


def test_no_address_of_a_registry_or_machine():
    """No committed file names a package registry's address or a path of one machine."""
    address = re.compile(
        r"files\.pythonhosted|pypi\.org/simple|registry\.npmjs|index-url [^-]|find-links [^-]|/root/|/home/\w+/"
    )
    mine = Path(__file__).resolve()
    texts = (path for path in tracked() if path.resolve() != mine and path.suffix not in {".png", ".jsonl"})
    found = [
        str(path.relative_to(HOME)) for path in texts if address.search(path.read_text(errors="replace"))
    ]
    assert not found


def test_the_lock_has_hashes():
    """Every pinned package in the lock carries its hashes, and the runtime's pins are the tests' pins."""
    runtime, key_sources, development = (
        (HOME / f"requirements{name}.lock").read_text() for name in ("", "-keys", "-dev")
    )
    pins = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)
    assert set(pins.findall(runtime)) <= set(pins.findall(development))
    for block in re.split(r"\n(?=[a-z0-9])", f"{key_sources.strip()}\n{development.strip()}"):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_ci_runs_what_the_readme_says():
    """The README's test command is the one that .ci/run calls."""
    assert "make test" in (HOME / "README.md").read_text()
    assert "make test" in (HOME / ".ci/run").read_text()
