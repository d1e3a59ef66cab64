"""Runs simple jq programs in Python, exactly as jq would, but faster and within a budget.

Whatever is not certain, every error included, raises Unsure: then jq itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from models.domain.dsl import jq_functions as functions
from models.domain.dsl.jq_functions import Unsure, calculate, equals, index, is_true, less, text_of, within
from models.domain.dsl.jq_syntax import Node, Unsupported, parse

One = Callable[[Any, Any], Any]
Many = Callable[[Any, Any], Iterator[Any]]


def compile_program(text: str, known: Collection[str]) -> tuple[One, bool] | None:
    """A function of data and scope, and whether it may make new data; None when jq itself is needed.

    `known` are the variables there are. The function raises Unsure when jq itself must be asked after all. Several
    results become a list, none becomes null.
    """
    try:
        node = parse(text)
        if not _variables(node) <= set(known):
            return None
        if _is_single(node):
            return _one(node), _makes(node)
        return _collect(_many(node)), True
    except Unsupported:
        return None


def _collect(many: Many) -> One:
    def run(data: Any, scope: Any) -> Any:
        results = list(many(data, scope))
        return results[0] if len(results) == 1 else results or None

    return run


def _variables(node: Any) -> set[str]:
    if isinstance(node, tuple | list):
        if len(node) == 2 and node[0] == "variable":
            return {node[1]}
        return {name for part in node for name in _variables(part)}
    return set()


def _makes(node: Node) -> bool:
    """Whether the result may be larger than what it is made of."""
    kind = node[0]
    if kind in ("identity", "variable"):
        return False
    if kind == "literal":
        return isinstance(node[1], str)
    if kind in ("path", "index"):
        return _makes(node[1])
    if kind == "pipe":
        return _makes(node[1]) or _makes(node[2])
    if kind == "binary":
        return node[1] in ("+", "*", "//") and (node[1] != "//" or _makes(node[2]) or _makes(node[3]))
    return True


def _is_single(node: Node) -> bool:
    """Whether it gives exactly one result for each input."""
    kind = node[0]
    if kind in ("each", "comma"):
        return False
    if kind in ("identity", "literal", "variable", "list"):
        return True
    if kind == "call":
        return (node[1], len(node[2])) not in functions.STREAMS
    if kind == "if":
        return all(_is_single(a) and _is_single(b) for a, b in node[1]) and _is_single(node[2])
    if kind == "object":
        return all(_is_single(a) and _is_single(b) for a, b in node[1])
    if kind == "text":
        return all(map(_is_single, node[1]))
    return all(_is_single(part) for part in node[1:] if isinstance(part, tuple))


# ---------------------------------------------------------------- one result


def _one(node: Node) -> One:
    if not _is_single(node):
        raise Unsupported("several results here")
    return _ONE[node[0]](node)


def _identity(node: Node) -> One:
    return lambda data, scope: data


def _literal(node: Node) -> One:
    value = node[1]
    return lambda data, scope: value


def _variable(node: Node) -> One:
    name = node[1]
    return lambda data, scope: scope.get(name)


def _path(node: Node) -> One:
    names: list[str] = []
    while node[0] == "path":
        names.insert(0, node[2])
        node = node[1]
    if node[0] == "identity":
        return _walk(names)
    of, walk = _one(node), _walk(names)
    return lambda data, scope: walk(of(data, scope), scope)


def _walk(names: list[str]) -> One:
    def walk(data: Any, scope: Any) -> Any:
        for name in names:
            if isinstance(data, dict):
                data = data.get(name)
            elif data is not None:
                raise Unsure
        return data

    return walk


def _index(node: Node) -> One:
    of, key = _one(node[1]), _one(node[2])
    return lambda data, scope: index(of(data, scope), key(data, scope))


def _slice(node: Node) -> One:
    of = _one(node[1])
    begin, end = (None if part is None else _one(part) for part in node[2:])

    def cut(data: Any, scope: Any) -> Any:
        first = None if begin is None else begin(data, scope)
        last = None if end is None else end(data, scope)
        return functions.cut(of(data, scope), first, last)

    return cut


def _text(node: Node) -> One:
    parts = [_one(part) for part in node[1]]
    return lambda data, scope: within("".join([text_of(part(data, scope)) for part in parts]))


def _pipe(node: Node) -> One:
    first, second = _one(node[1]), _one(node[2])
    return lambda data, scope: second(first(data, scope), scope)


def _minus(node: Node) -> One:
    of = _one(node[1])
    # jq keeps the form in which a zero was written.
    return lambda data, scope: calculate("-", 0, of(data, scope)) or _unsure()


def _binary(node: Node) -> One:
    operator = node[1]
    a, b = _one(node[2]), _one(node[3])
    if operator == "//":
        return _alternative(a, b)
    if operator == "and":
        return lambda data, scope: is_true(a(data, scope)) and is_true(b(data, scope))
    if operator == "or":
        return lambda data, scope: is_true(a(data, scope)) or is_true(b(data, scope))
    if operator == "==":
        return lambda data, scope: equals(a(data, scope), b(data, scope))
    if operator == "!=":
        return lambda data, scope: not equals(a(data, scope), b(data, scope))
    if operator == "<":
        return lambda data, scope: less(a(data, scope), b(data, scope))
    if operator == ">":
        return lambda data, scope: less(b(data, scope), a(data, scope))
    if operator == "<=":
        return lambda data, scope: not less(b(data, scope), a(data, scope))
    if operator == ">=":
        return lambda data, scope: not less(a(data, scope), b(data, scope))
    return lambda data, scope: calculate(operator, a(data, scope), b(data, scope))


def _alternative(a: One, b: One) -> One:
    def run(data: Any, scope: Any) -> Any:
        found = a(data, scope)
        return found if is_true(found) else b(data, scope)

    return run


def _if(node: Node) -> One:
    cases = [(_one(condition), _one(then)) for condition, then in node[1]]
    otherwise = _one(node[2])

    def run(data: Any, scope: Any) -> Any:
        for condition, then in cases:
            if is_true(condition(data, scope)):
                return then(data, scope)
        return otherwise(data, scope)

    return run


def _list(node: Node) -> One:
    if node[1] is None:
        return lambda data, scope: []
    many = _many(node[1])
    return lambda data, scope: list(many(data, scope))


def _object(node: Node) -> One:
    members = [(_one(key), _one(value)) for key, value in node[1]]

    def build(data: Any, scope: Any) -> Any:
        result = {}
        for key, value in members:
            name = key(data, scope)
            if not isinstance(name, str):
                raise Unsure
            result[name] = value(data, scope)
        return result

    return build


def _call(node: Node) -> One:
    name, arguments = node[1], node[2]
    plain = functions.PLAIN.get((name, len(arguments)))
    if plain is not None:
        values = [_one(argument) for argument in arguments]
        if not values:
            return lambda data, scope: plain(data)
        if len(values) == 1:
            value = values[0]
            return lambda data, scope: plain(data, value(data, scope))
    by_item = functions.BY_ITEM.get((name, len(arguments)))
    if by_item is not None:
        item = _one(arguments[0])
        return lambda data, scope: by_item(data, lambda each: item(each, scope), scope)
    if (name, len(arguments)) == ("map", 1):
        of = _many(("pipe", ("each", ("identity",)), arguments[0]))
        return lambda data, scope: list(of(data, scope)) if isinstance(data, list) else _unsure()
    raise Unsupported(name)


def _unsure() -> Any:
    raise Unsure


_ONE: dict[str, Callable[[Node], One]] = {
    "identity": _identity,
    "literal": _literal,
    "variable": _variable,
    "path": _path,
    "index": _index,
    "slice": _slice,
    "text": _text,
    "pipe": _pipe,
    "minus": _minus,
    "binary": _binary,
    "if": _if,
    "list": _list,
    "object": _object,
    "call": _call,
}

# ---------------------------------------------------------------- several results


def _many(node: Node) -> Many:
    if _is_single(node):
        return _just(_one(node))
    kind = node[0]
    if kind == "comma":
        return _comma(_many(node[1]), _many(node[2]))
    if kind == "each":
        return _each(_many(node[1]))
    if kind == "pipe":
        return _stream(_many(node[1]), _many(node[2]))
    if kind == "path":
        return _stream(_many(node[1]), _just(_walk([node[2]])))
    if kind == "call" and (node[1], len(node[2])) == ("select", 1):
        return _select(_one(node[2][0]))
    if kind == "call" and (node[1], len(node[2])) == ("empty", 0):
        return lambda data, scope: iter(())
    raise Unsupported(kind)


def _just(one: One) -> Many:
    def run(data: Any, scope: Any) -> Iterator[Any]:
        yield one(data, scope)

    return run


def _comma(a: Many, b: Many) -> Many:
    def run(data: Any, scope: Any) -> Iterator[Any]:
        yield from a(data, scope)
        yield from b(data, scope)

    return run


def _stream(a: Many, b: Many) -> Many:
    def run(data: Any, scope: Any) -> Iterator[Any]:
        for found in a(data, scope):
            yield from b(found, scope)

    return run


def _each(of: Many) -> Many:
    def run(data: Any, scope: Any) -> Iterator[Any]:
        for found in of(data, scope):
            if isinstance(found, list):
                items: Any = found
            elif isinstance(found, dict):
                items = found.values()
            else:
                raise Unsure
            scope.spend(len(items))
            yield from items

    return run


def _select(condition: One) -> Many:
    def run(data: Any, scope: Any) -> Iterator[Any]:
        if is_true(condition(data, scope)):
            yield data

    return run
