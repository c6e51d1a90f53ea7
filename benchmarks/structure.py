"""How the package is built, in numbers: files, circles of imports, long signatures, long functions, long files.

    python -m benchmarks.structure [ROOT]

ROOT is a checkout of the project, by default this one; with that of an earlier commit the two can be compared.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import networkx

_LONGEST = 5


def modules_of(root: Path) -> dict[str, ast.Module]:
    """Return the modules of the package by name."""
    package = root / "empowerment"
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(package.rglob("*.py"))
    }


def imports_of(modules: dict[str, ast.Module]) -> networkx.DiGraph:
    """Return which module imports which, wherever the import stands."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(modules)
    for name, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("empowerment"):
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
                graph.add_edges_from((name, each if each in modules else node.module) for each in wanted)
            elif isinstance(node, ast.Import):
                graph.add_edges_from((name, alias.name) for alias in node.names if alias.name in modules)
    graph.remove_edges_from(networkx.selfloop_edges(graph))
    return graph


def functions_of(modules: dict[str, ast.Module]) -> list[tuple[int, int, str]]:
    """Return the number of parameters, the lines of the body (no docstring), and the name of every function."""
    rows = []
    for module, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = node.args
                count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                rows.append((count, lines, f"{module.removeprefix('empowerment.')}.{node.name}"))
    return rows


def main(root: Path) -> None:
    """Print the numbers of a checkout."""
    modules = modules_of(root)
    circles = [sorted(part) for part in networkx.strongly_connected_components(imports_of(modules)) if len(part) > 1]
    paths = root.glob("empowerment/**/*.py")
    sizes = {str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    files = sorted(sizes, key=lambda path: -sizes[path])
    functions = functions_of(modules)
    # Kernels take arrays one by one: that is what compiled code can be given.
    callable_by_users = [each for each in functions if ".kernels." not in each[2]]
    print(f"modules                     {len(modules)}")
    print(f"files in the root           {len(list((root / 'empowerment').glob('*.py')))}")
    print(f"circles of imports          {sorted((len(circle) for circle in circles), reverse=True)}")
    print("longest files               " + ", ".join(f"{path} {sizes[path]}" for path in files[:_LONGEST]))
    longest = sorted(functions, key=lambda each: -each[1])[:_LONGEST]
    print("longest functions           " + ", ".join(f"{name} {lines}" for _, lines, name in longest))
    widest = sorted(callable_by_users, key=lambda each: -each[0])[:_LONGEST]
    print("most parameters             " + ", ".join(f"{name} {count}" for count, _, name in widest))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent)
