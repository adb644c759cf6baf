"""Which module may import which: `common` from no layer, `local` and `deploy` from `common`,
`scaffold` from `local` too, and no command another."""

import ast
import unittest
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "backend"
MODULES = {
    ".".join(("backend", *file.relative_to(PACKAGE).with_suffix("").parts)): ast.parse(file.read_text())
    for file in PACKAGE.rglob("*.py")
}
# These two know the commands: that is what they are for.
ROOTS = ("backend.cli", "backend.__main__")


def imported(tree: ast.Module) -> set[str]:
    """The package's modules that a module imports, wherever in its text."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names & MODULES.keys()


def layer(module: str) -> str:
    return module.split(".")[1]


def is_command(module: str) -> bool:
    return any(isinstance(node, ast.FunctionDef) and node.name == "add_to" for node in MODULES[module].body)


def layer_violations(imports: dict[str, set[str]]) -> list[str]:
    allowed = {
        "common": {"common"},
        "local": {"common", "local"},
        "deploy": {"common", "deploy"},
        "scaffold": {"common", "local", "scaffold"},
    }
    return [
        f"{module} imports {other}"
        for module, others in imports.items()
        for other in sorted(others)
        if module not in ROOTS and layer(module) in allowed and layer(other) not in allowed[layer(module)]
    ]


def cycles(imports: dict[str, set[str]]) -> list[str]:
    """Modules that import themselves, by way of others."""

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = [start]
        while waiting:
            for other in imports[waiting.pop()] - found:
                found.add(other)
                waiting.append(other)
        return found

    return sorted(module for module in imports if module in reached(module))


class Imports(unittest.TestCase):
    imports = {module: imported(tree) for module, tree in MODULES.items()}

    def test_layers_are_kept(self) -> None:
        self.assertEqual(layer_violations(self.imports), [])

    def test_no_module_imports_itself_by_way_of_others(self) -> None:
        self.assertEqual(cycles(self.imports), [])

    def test_a_command_is_imported_by_the_command_line_only(self) -> None:
        commands = {module for module in MODULES if is_command(module)}
        self.assertGreaterEqual(len(commands), 11)
        for module, others in self.imports.items():
            if module not in ROOTS:
                self.assertEqual(others & commands, set(), module)

    def test_violations_are_found(self) -> None:
        self.assertTrue(layer_violations({"backend.common.web": {"backend.local.stack"}}))
        self.assertTrue(layer_violations({"backend.deploy.smoke": {"backend.local.dev"}}))
        self.assertTrue(cycles({"a": {"b"}, "b": {"a"}}))

    def test_files_and_functions_stay_small(self) -> None:
        for module, tree in MODULES.items():
            self.assertLessEqual((tree.body[-1].end_lineno or 0) if tree.body else 0, 350, module)
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.assertLessEqual((node.end_lineno or 0) - node.lineno + 1, 30, f"{module}.{node.name}")
