# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground rules: the walls between the layers, and the form of every file."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vitpose_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

BLENDER = {"bpy", "bpy_extras", "mathutils", "bmesh", "gpu", "blf", "addon_utils"}
HEAVY = {"torch", "transformers", "cv2"}
OUTSIDE = {  # What a layer may import from outside the package.
    "core": {"numpy"},
    "streaming": set(),
    "worker": set(),
    "data_files": set(),
    "inference": {
        "numpy",
        "cv2",
        "torch",
        "transformers",
        "PIL",
        "scipy",
        "huggingface_hub",
        "safetensors",
    },
    "live": {"numpy"},
    "runtime": {"numpy", "torch"},
    "blender": {"numpy"} | BLENDER,
}
INSIDE = {  # Which of the others a layer may import.
    "core": {"data_files"},
    "streaming": {"core"},
    "worker": {"core"},
    "data_files": {"core"},
    "inference": {"core", "data_files", "worker"},
    "live": {"core", "data_files", "inference", "streaming", "worker"},
    "runtime": {"core", "data_files", "inference"},
    "blender": {
        *("core", "data_files", "inference", "live", "runtime", "streaming"),
        "worker",
    },
}
# Called by Blender with arguments that its manual explains, or by a script's last line.
NAMES_THAT_SAY_ALL = {
    *("draw", "draw_header", "execute", "invoke", "modal", "cancel", "poll"),
    *("register", "unregister", "main"),
}
MAX_LINES = 350

each_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
each_source = pytest.mark.parametrize(
    "path", MODULES + SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def outside_imports(tree: ast.AST) -> set[str]:
    """Return the top-level names of all absolute imports, also those in functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def inside_imports(tree: ast.AST, path: Path) -> set[str]:
    """Return the layers that a module's relative imports reach."""
    package = path.relative_to(PACKAGE).parent.parts
    layers = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = package[: len(package) - node.level + 1]
            parts = (*base, *(node.module or "").split("."))
            first = next(filter(None, parts), None)
            layers |= {first} if first else {alias.name for alias in node.names}
    return layers


def at_import_time(tree: ast.Module) -> ast.Module:
    """Return the part of a module that runs when it is imported."""

    class DropLater(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            return None

        def visit_If(self, node):
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return None
            return self.generic_visit(node)

    return DropLater().visit(tree)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Yield the public functions of a module and the methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from (n for n in node.body if isinstance(n, ast.FunctionDef))


def takes_arguments(function: ast.FunctionDef) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return any(argument.arg not in ("self", "cls") for argument in named)


def test_every_layer_has_its_rule():
    assert {layer_of(path) for path in MODULES} <= INSIDE.keys() | {"__init__"}


@each_module
def test_imports_stay_behind_the_walls(path):
    tree, layer = parse(path), layer_of(path)
    if layer == "__init__":
        assert outside_imports(tree) == set()
        return
    allowed = OUTSIDE[layer] | sys.stdlib_module_names
    assert outside_imports(tree) - allowed == set()
    assert inside_imports(tree, path) - INSIDE[layer] - {layer} == set()


@each_module
def test_the_package_imports_itself_relatively(path):
    # An installed extension is called bl_ext.<repository>.vitpose_blender.
    assert "vitpose_blender" not in outside_imports(parse(path))


@each_module
def test_slow_imports_wait_until_they_are_needed(path):
    tree = at_import_time(parse(path))
    assert not outside_imports(tree) & {"torch", "transformers"}
    if layer_of(path) == "blender":
        assert "inference" not in inside_imports(tree, path)


@pytest.mark.parametrize(
    ("layers", "unwanted"),
    [
        (["core", "streaming", "worker", "data_files"], BLENDER | HEAVY),
        (["inference"], BLENDER | HEAVY - {"cv2"}),
    ],
    ids=["light", "inference"],
)
def test_importing_a_layer_brings_nothing_unwanted(layers, unwanted):
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if layer_of(path) in layers
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"print(*({unwanted} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert names
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    "path",
    MODULES + SCRIPTS + TESTS,
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_file_names_its_licence_and_says_what_it_is_for(path):
    lines = path.read_text("utf-8").splitlines()
    assert "# SPDX-License-Identifier: GPL-3.0-or-later" in lines[:2]
    assert ast.get_docstring(parse(path))


@each_source
def test_file_is_short(path):
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


@each_source
def test_functions_that_need_words_have_them(path):
    bare = [
        function.name
        for function in functions(parse(path))
        if not function.name.startswith("_")
        and function.name not in NAMES_THAT_SAY_ALL
        and takes_arguments(function)
        and len(function.body) > 2
        and not ast.get_docstring(function)
    ]
    assert bare == []


@each_module
def test_no_prints_and_no_changing_globals(path):
    for node in ast.walk(parse(path)):
        assert not isinstance(node, ast.Global), f"line {node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}"


@each_module
def test_declared_properties_match_their_types(path):
    """Both arms of each `if TYPE_CHECKING: ... else: ...` name the same properties."""
    for cls in ast.walk(parse(path)):
        for node in cls.body if isinstance(cls, ast.ClassDef) else ():
            if isinstance(node, ast.If):
                typed, real = (
                    [a.target.id for a in arm if isinstance(a, ast.AnnAssign)]
                    for arm in (node.body, node.orelse)
                )
                assert typed == real, cls.name


def test_no_file_tells_whose_machine_it_was_written_on():
    folders = "home|root|Users|work|tmp"
    somewhere = re.compile(rf"(?<![\w.~>)}}-])/({folders})/\w")
    texts = [*MODULES, *SCRIPTS, *TESTS, *ROOT.glob("*.md"), *ROOT.glob("*.toml")]
    texts += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "requirements").glob("*.txt")]
    for path in texts:
        found = somewhere.search(path.read_text("utf-8"))
        assert found is None, f"{path}: {found}"
