"""The units of a source file whose code can change: its functions, its classes without them, and what is left.

A unit is identified by its text alone, without its place and without the blank lines around it: a function that moved
is the same. A function inside of a function is part of it.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

MODULE = "<module>"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAX_NAMES = 500
_NAMING = frozenset({"usefixtures", "getfixturevalue", "getattr"})
_ENVIRONMENTS = frozenset({"environ", "environb"})
_ENVIRONMENT_FUNCTIONS = frozenset({"getenv", "setenv", "delenv", "putenv", "unsetenv"})


class Unit(NamedTuple):
    """A function, a class without its methods, or a module without either.

    Attributes:
        function: its qualified name; ``<module>`` for what is in no function and no class.
        first: its first line, decorators included.
        last: its last.
        text: its source, dedented.
        provides: the names by which others reach it.
        uses: the names that stand in it, parameters included: pytest's fixtures are asked for by them.
    """

    function: str
    first: int
    last: int
    text: str
    provides: list[str]
    uses: list[str]


def units_of(source: str) -> tuple[list[Unit], set[str]]:
    """Split a source file.

    Args:
        source: the file's text.

    Returns:
        Its units in order, the module's own first; that alone where the text is no Python of this version. And the
        names of the environment variables that it reads or sets.
    """
    # Not splitlines(): a form feed, or a separator of Unicode in a text, ends no line of Python.
    lines = source.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n") if source else []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the file says, to whoever runs it
            tree = ast.parse(source)
        nodes = list(_nodes(tree))
        inside = _lines_that_end_in_a_text(nodes)
        lines = [line if number in inside else line.rstrip() for number, line in enumerate(lines, 1)]
        return list(_units(tree, "", lines, 1, len(lines))), set(_variables(nodes))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [_unit(MODULE, 1, len(lines), lines, [], [], [])], set()


def _units(node: ast.Module | ast.ClassDef, prefix: str, lines: list[str], first: int, last: int) -> Iterator[Unit]:
    inner = [child for child in statements_within(node.body) if isinstance(child, (*_FUNCTIONS, ast.ClassDef))]
    own = list(_nodes(node, {id(child) for child in inner}))
    spans = [_span(child, lines) for child in inner]
    if isinstance(node, ast.ClassDef):
        name, provides = prefix.removesuffix("."), [node.name]
    else:
        name, provides = MODULE, sorted(_assigned(own))
    yield _unit(name, first, last, lines, spans, provides, own)
    for child, (begin, end) in zip(inner, spans, strict=True):
        if isinstance(child, ast.ClassDef):
            yield from _units(child, f"{prefix}{child.name}.", lines, begin, end)
            continue
        # What Python calls by itself, on making an object, comparing it and so on, is reached by the class.
        is_special = isinstance(node, ast.ClassDef) and child.name.startswith("__") and child.name.endswith("__")
        reached = [node.name if isinstance(node, ast.ClassDef) and is_special else child.name]
        yield _unit(prefix + child.name, begin, end, lines, [], reached, _nodes(child))


def _nodes(root: ast.AST, without: Container[int] = ()) -> Iterator[ast.AST]:
    """Give all nodes of a tree in less time than `ast.walk`: in any order, and without contexts.

    Args:
        root: of the tree.
        without: ids of nodes that are left out with all below them.
    """
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for name in node._fields:
            child = getattr(node, name, None)
            if isinstance(child, list):
                waiting += [one for one in child if isinstance(one, ast.AST) and id(one) not in without]
            elif isinstance(child, ast.AST) and name != "ctx" and id(child) not in without:
                waiting.append(child)


def _lines_that_end_in_a_text(nodes: Iterable[ast.AST]) -> set[int]:
    return {
        line
        for node in nodes
        if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno
        for line in range(node.lineno, node.end_lineno)
    }


def statements_within(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements of a body, those below ``if`` and ``try`` too: functions are defined there.

    Args:
        body: of a module or a class.
    """
    for statement in body:
        yield statement
        for name in ("body", "orelse", "finalbody", "handlers"):
            if isinstance(statement, (ast.If, ast.Try, ast.With)):
                for inner in getattr(statement, name, ()):
                    yield from statements_within(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def _span(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, lines: list[str]) -> tuple[int, int]:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    if node.decorator_list:  # in parentheses it may begin below its sign
        first = next((n for n in range(first, 0, -1) if lines[n - 1].lstrip().startswith("@")), first)
    return first, node.end_lineno or node.lineno


def _unit(
    function: str,
    first: int,
    last: int,
    lines: list[str],
    without: list[tuple[int, int]],
    provides: list[str],
    nodes: Iterable[ast.AST],
) -> Unit:
    left_out: set[int] = set()
    for begin, end in without:  # and the blank lines around: they go where the function goes
        while begin > first and not lines[begin - 2].strip():
            begin -= 1
        while end < last and not lines[end].strip():
            end += 1
        left_out.update(range(begin, end + 1))
    kept = [line for number, line in enumerate(lines[first - 1 : last], first) if number not in left_out]
    text = textwrap.dedent("\n".join(kept)).strip("\n")
    uses = sorted({name for node in nodes for name in _names(node)})[:_MAX_NAMES]
    return Unit(function, first, last, text, provides[:_MAX_NAMES], uses)


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield node.name.rpartition(".")[2]
    elif isinstance(node, ast.Call) and _last_name(node.func) in _NAMING:
        # Of no other text: it may be a secret, and this is stored.
        named = node.args[1:2] if _last_name(node.func) == "getattr" else node.args
        texts = [argument.value for argument in named if isinstance(argument, ast.Constant)]
        yield from (text for text in texts if type(text) is str and text.isidentifier())


def _assigned(nodes: Iterable[ast.AST]) -> set[str]:
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.asname for node in nodes if isinstance(node, ast.alias) and node.asname}


def _variables(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Find the names in ``os.environ["NAME"]``, ``environ.get("NAME")``, ``getenv("NAME")``, ``setenv("NAME", "")``."""
    for node in nodes:
        name: ast.expr | None = None
        if isinstance(node, ast.Subscript) and _last_name(node.value) in _ENVIRONMENTS:
            name = node.slice
        elif isinstance(node, ast.Call) and node.args:
            function = node.func
            is_method = isinstance(function, ast.Attribute) and _last_name(function.value) in _ENVIRONMENTS
            if is_method or _last_name(function) in _ENVIRONMENT_FUNCTIONS:
                name = node.args[0]
        if isinstance(name, ast.Constant) and type(name.value) is str:
            yield name.value


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def is_test_file(file: str) -> bool:
    """Tell whether a file is one of tests, as pytest finds them by default.

    Args:
        file: its path.
    """
    name = file.rpartition("/")[2]
    return name.startswith("test_") or name.endswith("_test.py")
