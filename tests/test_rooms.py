"""The layout of the package: data flows one way, and no two modules need each other."""

import ast
from pathlib import Path

import networkx

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "empowerment"

# The rooms of the package, each of which may know those before it.
ROOMS = (
    "core",
    "runtime",
    "export",
    "models",
    "plotting",
    "results",
    "worlds",
    "adapters",
    "capacity",
    "actuation",
    "measures",
    "control",
    "multi_agent",
    "power",
    "text",
    "proxies",
    "desire",
    "cli",
    "testing",
)


def imports_between_modules():
    """Return which module imports which, wherever the import stands: in a function or for types alone, too."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    files = {name.removesuffix(".__init__"): path for name, path in files.items()}
    graph = networkx.DiGraph()
    for name, path in files.items():
        for node in ast.walk(ast.parse(_source(path))):
            if isinstance(node, ast.ImportFrom) and node.level:  # in a stub, of the package's own modules
                wanted = [f"{name}.{node.module}"]
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = [each if each in files else node.module for each in wanted]
            else:
                wanted = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            graph.add_edges_from((name, each) for each in wanted if each in files and each != name)
    # The package itself names what is public, wherever it is.
    graph.remove_node("empowerment")
    return graph


def _source(path):
    """Return the source of a module, or of its stub where that lists its names."""
    stub = path.with_suffix(".pyi")
    return (stub if stub.exists() else path).read_text(encoding="utf-8")


def test_no_modules_import_each_other():
    circles = [sorted(each) for each in networkx.strongly_connected_components(imports_between_modules())]
    assert [each for each in circles if len(each) > 1] == []


def test_imports_point_to_rooms_that_stand_before():
    place = {room: number for number, room in enumerate(ROOMS)}
    graph = imports_between_modules()
    assert {name.split(".")[1] for name in graph if "." in name} <= {*place, "__main__"}
    upward = {
        (name, other)
        for name, other in graph.edges
        if "__main__" not in name and place[other.split(".")[1]] > place[name.split(".")[1]]
    }
    assert not upward
