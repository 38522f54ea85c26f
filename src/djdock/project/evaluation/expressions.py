"""Expressions of a settings module, worked out without running any of it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from djdock.project.evaluation import library
from djdock.project.evaluation.calls import Call, instance, is_environment, of_package, of_reader
from djdock.project.evaluation.readers import NotSet, with_ssl
from djdock.project.evaluation.scope import Class, Function, Scope
from djdock.project.evaluation.values import (
    UNKNOWN,
    Dotted,
    EnvNone,
    Method,
    Reader,
    Unknown,
    Url,
    Value,
    decided_by,
    is_none,
    variables_of,
)

OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.BitOr: operator.or_,
}  # fmt: skip
COMPARISONS: dict[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b, ast.IsNot: lambda a, b: a is not b,
}  # fmt: skip
HUGE = 2**256


class Expressions:
    """Works out expressions in a scope; calls of the project's own functions are handed to `run_function`."""

    def __init__(self, run_function: Callable[[Function, Sequence[Value], Mapping[str, Value]], Value]) -> None:
        self.run_function = run_function

    def value(self, node: ast.expr | None, scope: Scope) -> Value:
        """The value of an expression; UNKNOWN where it cannot be known."""
        if node is None:
            return None
        scope.run.step()
        worker = getattr(self, f"_{type(node).__name__.lower()}", None)
        return worker(node, scope) if worker else UNKNOWN

    # --- simple ones

    def _constant(self, node: ast.Constant, _scope: Scope) -> Value:
        return node.value

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        if node.id in scope.names:
            return scope.names[node.id]
        if node.id == "__file__":
            return str(library.ROOT / scope.path)
        if node.id == "__name__":
            return scope.module
        return Dotted(node.id) if node.id in {*library.BUILTINS, "globals", "locals", "vars"} else UNKNOWN

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        owner = self.value(node.value, scope)
        found: Value = Method(owner, node.attr)
        match owner:
            case Dotted():
                found = scope.run.known.get(name := f"{owner.name}.{node.attr}", Dotted(name))
            case PurePosixPath() | Url():
                part = library.attribute(owner, node.attr)
                found = found if isinstance(part, Unknown) else part
            case Scope():
                found = owner.names.get(node.attr, UNKNOWN)
            case Class():
                found = owner.names.get(node.attr, found)
            case Unknown():
                found = Unknown(owner.variables)
            case str() | int() if node.attr == "value":
                found = owner  # of a member of an enumeration
            case Reader() if node.attr == "ENVIRON":
                found = Dotted("os.environ")
        return found

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        owner, key = self.value(node.value, scope), self._key(node.slice, scope)
        if is_environment(owner) and isinstance(key, str):
            return scope.variable(key, node, required=True)
        if isinstance(owner, Unknown) or isinstance(key, Unknown):
            return Unknown(variables_of(owner, key))
        try:
            return decided_by(owner[key], getattr(owner, "variables", ()))
        except Exception:
            return Unknown(variables_of(owner, key))

    def _key(self, node: ast.expr, scope: Scope) -> Value:
        if isinstance(node, ast.Slice):
            bounds = [self.value(part, scope) for part in (node.lower, node.upper, node.step)]
            return UNKNOWN if any(isinstance(bound, Unknown) for bound in bounds) else slice(*bounds)
        return self.value(node, scope)

    def _namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        scope.names[node.target.id] = self.value(node.value, scope)
        return scope.names[node.target.id]

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope)

    # --- containers

    def _list(self, node: ast.List, scope: Scope) -> Value:
        return list(self._elements(node.elts, scope))

    def _tuple(self, node: ast.Tuple, scope: Scope) -> Value:
        return tuple(self._elements(node.elts, scope))

    def _set(self, node: ast.Set, scope: Scope) -> Value:
        return list(self._elements(node.elts, scope))

    def _elements(self, nodes: Sequence[ast.expr], scope: Scope) -> Iterator[Value]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                inner = self.value(node.value, scope)
                yield from inner if isinstance(inner, (list, tuple)) else ()
            else:
                yield self.value(node, scope)

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        made: dict[Value, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            if key is None:
                inner = self.value(item, scope)
                made |= inner if isinstance(inner, dict) else {}
                continue
            name = self.value(key, scope)
            if isinstance(name, (str, int, float, tuple)) or name is None:
                made[name] = self.value(item, scope)
        return made

    def _joinedstr(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts = [
            self.value(part.value if isinstance(part, ast.FormattedValue) else part, scope) for part in node.values
        ]
        if any(isinstance(part, Unknown) for part in parts):
            return Unknown(variables_of(parts))
        return decided_by("".join(str(part) for part in parts), variables_of(parts))

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Value:
        return self._comprehension(node, node.elt, scope)

    _setcomp = _generatorexp = _listcomp

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, made: ast.expr, scope: Scope
    ) -> Value:
        [first, *more] = node.generators
        source = self.value(first.iter, scope)
        if more or not isinstance(source, (list, tuple, dict)) or not isinstance(first.target, ast.Name):
            return Unknown(variables_of(source))
        inner = scope.child()
        found: list[Value] = []
        for item in list(source)[: library.MOST_ITEMS]:
            inner.names[first.target.id] = item
            if all(self.truth(self.value(test, inner)) is not False for test in first.ifs):
                found.append(self.value(made, inner))
        return decided_by(found, getattr(source, "variables", ()))

    # --- operators

    def _binop(self, node: ast.BinOp, scope: Scope) -> Value:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        names = variables_of(left, right)
        work = OPERATORS.get(type(node.op))
        if work is None or isinstance(left, (Unknown, EnvNone)) or isinstance(right, (Unknown, EnvNone)):
            return Unknown(names)
        if isinstance(left, PurePosixPath) and isinstance(node.op, ast.Div):
            return library.method(left, "joinpath", [right], {})
        if isinstance(node.op, ast.Mult) and not all(isinstance(side, (int, float)) for side in (left, right)):
            return Unknown(names)  # "x" * 10**9 is none that settings need
        if _is_huge(left) or _is_huge(right):
            return Unknown(names)
        try:
            made = work(left, right)
        except Exception:
            return Unknown(names)
        # What decides one element of a list does not decide the list.
        return decided_by(made, names) if isinstance(made, (str, int)) else made

    def _boolop(self, node: ast.BoolOp, scope: Scope) -> Value:
        names: tuple[str, ...] = ()
        found: Value = None
        for part in node.values:
            found = self.value(part, scope)
            names = (*names, *getattr(found, "variables", ()))
            truth = self.truth(found)
            if truth is None:
                return Unknown(names)
            if truth is isinstance(node.op, ast.Or):
                break
        return decided_by(found, names)

    def _unaryop(self, node: ast.UnaryOp, scope: Scope) -> Value:
        inner = self.value(node.operand, scope)
        if isinstance(node.op, ast.Not):
            truth = self.truth(inner)
            return Unknown(variables_of(inner)) if truth is None else decided_by(not truth, variables_of(inner))
        if isinstance(node.op, ast.USub) and isinstance(inner, (int, float)):
            return decided_by(-inner, variables_of(inner))
        return Unknown(variables_of(inner))

    def _compare(self, node: ast.Compare, scope: Scope) -> Value:
        if len(node.ops) != 1:
            return UNKNOWN
        left, right, kind = self.value(node.left, scope), self.value(node.comparators[0], scope), type(node.ops[0])
        names = variables_of(left, right)
        if is_environment(right) and isinstance(left, str):
            there = scope.run.is_set(left, scope.place(node))
            return decided_by(there is (kind is ast.In), (left,))
        if isinstance(left, (Unknown, Dotted)) or isinstance(right, (Unknown, Dotted)):
            return Unknown(names)
        scope.run.compared(names, left, right)
        if kind in {ast.Is, ast.IsNot}:
            same = is_none(left) if right is None else bool(left) is right if isinstance(right, bool) else left is right
            return decided_by(same is (kind is ast.Is), names)
        try:
            plain = [None if is_none(side) else side for side in (left, right)]
            return decided_by(bool(COMPARISONS[kind](*plain)), names)
        except Exception:
            return Unknown(names)

    def _ifexp(self, node: ast.IfExp, scope: Scope) -> Value:
        test = self.value(node.test, scope)
        truth = self.truth(test)
        scope.run.decided(test)
        if truth is None:
            return Unknown(variables_of(test, self.value(node.body, scope), self.value(node.orelse, scope)))
        return self.value(node.body if truth else node.orelse, scope)

    @staticmethod
    def truth(value: Value) -> bool | None:
        """Whether a value counts as true; None where that is not known."""
        return None if isinstance(value, (Unknown, Dotted, Method)) else bool(value)

    # --- calls

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        function = self.value(node.func, scope)
        arguments = list(self._elements(node.args, scope))
        options: dict[str, Value] = {}
        for keyword in node.keywords:
            inner = self.value(keyword.value, scope)
            options |= {keyword.arg: inner} if keyword.arg else inner if isinstance(inner, dict) else {}
        return self._called(function, Call(node, arguments, options), scope)

    def _called(self, function: Value, call: Call, scope: Scope) -> Value:
        if self._loads_settings(call, scope):
            return None
        found: Value
        match function:
            case Function():
                found = self._run(function, call, scope)
            case Class():
                found = instance(function, call, scope)
            case Method(owner=Reader() as reader, name=name):
                found = of_reader(reader, name, call, scope)
            case Method(owner=owner, name=name):
                found = library.method(owner, name, call.arguments, call.options)
            case Reader():
                found = scope.read(function, "", (call.arguments, call.options), call.node)
                found = with_ssl(found, call.options.get("ssl_require"))
            case Dotted(name="globals" | "locals" | "vars"):
                found = scope.names
            case Dotted(name):
                found = of_package(name, call, scope)
            case _:
                found = Unknown(variables_of(function, call.arguments))
        return found

    def _loads_settings(self, call: Call, scope: Scope) -> bool:
        """Whether a class of settings hands its attributes to its module: `Development.load_settings(__name__)`."""
        function = call.node.func
        owner = self.value(function.value, scope) if isinstance(function, ast.Attribute) else None
        if not isinstance(owner, Class) or call.arguments != [scope.module]:
            return False
        scope.names |= {key: value for key, value in owner.names.items() if key.isupper()}
        return True

    def _run(self, function: Function, call: Call, scope: Scope) -> Value:
        """A call of one of the project's own functions; a method gets its class as the first argument."""
        taken = function.node.args.args
        arguments = call.arguments
        if isinstance(call.node.func, ast.Attribute) and taken and taken[0].arg in {"self", "cls"}:
            arguments = [self.value(call.node.func.value, scope), *arguments]
        return self.run_function(function, arguments, call.options)


def _is_huge(value: Value) -> bool:
    """Whether an operator's result with it may take up more memory than any settings need."""
    if isinstance(value, str):
        return len(value) > library.LONGEST or bool(library.WIDE.search(value) and "%" in value)
    if isinstance(value, (list, tuple, dict)):
        return len(value) > library.LONGEST
    return isinstance(value, int) and abs(value) > HUGE


__all__ = ["Expressions", "NotSet"]
