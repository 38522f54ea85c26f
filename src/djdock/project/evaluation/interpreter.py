"""Statements of settings modules: assignments, branches, imports of the project's own modules. Nothing is executed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from djdock.project.evaluation.calls import is_environment, settled
from djdock.project.evaluation.expressions import Expressions
from djdock.project.evaluation.library import MOST_ITEMS
from djdock.project.evaluation.readers import NotSet
from djdock.project.evaluation.scope import Class, Function, Run, Scope, TooLong
from djdock.project.evaluation.syntax import as_load, root_of
from djdock.project.evaluation.values import UNKNOWN, Dotted, Unknown, Value, variables_of
from djdock.project.files import Files
from djdock.project.source import parse

# Modules of the project that settings import, and theirs; more than any project has.
MOST_MODULES = 200
DEEPEST_CALL = 20
# Handlers that catch whatever is raised.
EVERYTHING = ("BaseException", "Exception")
# What `manage.py runserver` would find there.
SYSTEM: Mapping[str, Value] = {
    "sys.argv": ["manage.py", "runserver"],
    "sys.platform": "linux",
    "os.name": "posix",
    "os.sep": "/",
    "os.environ": Dotted("os.environ"),
    "sys.version_info": (3, 13, 0),
    "dj_database_url.DEFAULT_ENV": "DATABASE_URL",
}


class Missing(Exception):
    """A module of the project is not there; args[0] is its dotted name."""


class Returned(Exception):
    """A function's `return`."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


class Raised(Exception):
    """The settings themselves raise; args[0] is the statement, args[1] the place."""


@dataclass
class Interpreter:
    """One run over a settings module and what it imports.

    Attributes:
        folder: of manage.py: where absolute imports of the project begin.
        assigned: for each name at module level the places that give it a value, in order.
        raised: what the settings raise themselves in this environment, with the place.
        missing: modules of the project that they import and that are not there, with the place.
    """

    files: Files
    folder: str
    run: Run
    assigned: dict[str, list[str]] = field(default_factory=dict)
    raised: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    modules: dict[str, Scope] = field(default_factory=dict)
    depth: int = 0
    texts: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.run.known.update(SYSTEM)
        self.expressions = Expressions(self._call)
        self.tries: list[int] = []  # how much doubt there was at the beginning of each `try` that is open

    # --- modules

    def read(self, path: str) -> str | None:
        """The text of a file, read once."""
        if path not in self.texts:
            self.texts[path] = self.files.read(path)
        return self.texts[path]

    def module(self, name: str, path: str) -> Scope:
        """The names of a module, worked out once."""
        if path in self.modules:
            return self.modules[path]
        if len(self.modules) > MOST_MODULES:
            raise TooLong
        scope = Scope(self.run, name, path)
        self.modules[path] = scope
        self.block(parse(self.read(path) or "", path).body, scope)
        return scope

    def find(self, name: str) -> str | None:
        """The path of one of the project's modules."""
        stem = "/".join(part for part in (self.folder, *name.split(".")) if part)
        return next((path for path in (f"{stem}/__init__.py", f"{stem}.py") if self.read(path) is not None), None)

    # --- statements

    def block(self, statements: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self.run.step()
            worker = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if worker is None:
                continue
            try:
                worker(statement, scope)
            except NotSet as error:
                if self.tries:
                    raise
                self._unknown(statement, scope, (str(error.args[0]),))
            except RecursionError:
                self._unknown(statement, scope, ())

    def _unknown(self, statement: ast.stmt, scope: Scope, names: tuple[str, ...]) -> None:
        targets = getattr(statement, "targets", [getattr(statement, "target", None)])
        for target in targets:
            if isinstance(target, ast.Name):
                self._set(target, Unknown(names), scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.expressions.value(node.value, scope)
        for target in node.targets:
            self._set(target, value, scope)

    def _annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self._set(node.target, self.expressions.value(node.value, scope), scope)

    def _augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        combined = ast.copy_location(ast.BinOp(as_load(node.target), node.op, node.value), node)
        self._set(node.target, self.expressions.value(combined, scope), scope)

    def _set(self, target: ast.expr, value: Value, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                scope.names[name] = value
                self.assigned.setdefault(name, []).append(scope.place(target))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                known = isinstance(value, (list, tuple)) and len(value) == len(parts)
                for index, part in enumerate(parts):
                    self._set(part, value[index] if known else UNKNOWN, scope)
            case ast.Subscript():
                self._set_item(target, value, scope)
            case ast.Attribute():
                owner = self.expressions.value(target.value, scope)
                if isinstance(owner, Class):
                    owner.names[target.attr] = value
                if isinstance(owner, Dotted):
                    self.run.known[f"{owner.name}.{target.attr}"] = value

    def _set_item(self, target: ast.Subscript, value: Value, scope: Scope) -> None:
        owner, key = self.expressions.value(target.value, scope), self.expressions.value(target.slice, scope)
        if root := root_of(target):
            self.assigned.setdefault(root, []).append(scope.place(target))
        if is_environment(owner) and isinstance(key, str):
            self.run.own[str(key)] = (value, scope.place(target))
        if isinstance(owner, (dict, list)) and not isinstance(key, Unknown):
            try:
                owner[key] = value
            except (TypeError, IndexError):
                return

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner, key = self.expressions.value(target.value, scope), self.expressions.value(target.slice, scope)
                if isinstance(owner, dict) and isinstance(key, str):
                    owner.pop(key, None)

    def _expr(self, node: ast.Expr, scope: Scope) -> None:
        call = node.value
        if isinstance(call, ast.Call) and (root := root_of(call.func)):
            self.assigned.setdefault(root, []).append(scope.place(node)) if root in scope.names else None
            if root == "include":
                self._include(call, scope)
                return
        self.expressions.value(call, scope)

    def _include(self, call: ast.Call, scope: Scope) -> None:
        """django-split-settings: include("base.py", optional("local.py"))."""
        for argument in call.args:
            inner = argument.args[0] if isinstance(argument, ast.Call) and argument.args else argument
            name = self.expressions.value(inner, scope)
            if not isinstance(name, str):
                continue
            folder = PurePosixPath(scope.path).parent
            for path in self._matching(folder, str(name)):
                inner_scope = Scope(self.run, scope.module, path, scope.names)
                self.block(parse(self.read(path) or "", path).body, inner_scope)

    def _matching(self, folder: PurePosixPath, pattern: str) -> list[str]:
        base = folder / PurePosixPath(pattern).parent
        names = [name for name in self.files.names(str(base)) if PurePosixPath(name).match(PurePosixPath(pattern).name)]
        return [str(base / name) for name in names if name.endswith(".py")]

    def _if(self, node: ast.If, scope: Scope) -> None:
        test = self.expressions.value(node.test, scope)
        self.run.decided(test)
        truth = self.expressions.truth(test)
        if truth is not None:
            self.block(node.body if truth else node.orelse, scope)
            return
        otherwise = Scope(self.run, scope.module, scope.path, dict(scope.names))
        self.run.doubt += 1
        try:
            self.block(node.body, scope)
            self.block(node.orelse, otherwise)
        finally:
            self.run.doubt -= 1
        # Where it is not known which branch is taken: what only one of them sets is taken from it.
        scope.names.update({name: value for name, value in otherwise.names.items() if name not in scope.names})

    def _try(self, node: ast.Try, scope: Scope) -> None:
        self.tries.append(self.run.doubt)
        self.run.guarded += (guarded := bool(node.handlers))
        try:
            self.block(node.body, scope)
        except (Missing, NotSet, Raised) as error:
            self.tries.pop()
            self.run.guarded -= guarded
            handler = _handler(node, error)
            if handler is None:
                self.block(node.finalbody, scope)
                raise
            self.block(handler.body, scope)
        except BaseException:
            self.tries.pop()
            self.run.guarded -= guarded
            raise
        else:
            self.tries.pop()
            self.run.guarded -= guarded
            self.block(node.orelse, scope)
        self.block(node.finalbody, scope)

    def _with(self, node: ast.With, scope: Scope) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._set(item.optional_vars, self.expressions.value(item.context_expr, scope), scope)
        self.block(node.body, scope)

    def _for(self, node: ast.For, scope: Scope) -> None:
        source = self.expressions.value(node.iter, scope)
        if self.depth and isinstance(source, Unknown):
            raise Returned(source)  # what a function finds in a loop over the unknown is not known
        for item in list(source)[:MOST_ITEMS] if isinstance(source, (list, tuple, dict)) else ():
            self._set(node.target, item, scope)
            self.block(node.body, scope)

    def _raise(self, node: ast.Raise, scope: Scope) -> None:
        text = ast.unparse(node)[:200]
        if self.run.doubt > (self.tries[-1] if self.tries else 0):
            return  # nobody can say whether it comes to this
        if self.tries or self.depth:
            raise Raised(text, scope.place(node))
        self.raised.append((text, scope.place(node)))

    def _classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        bases: set[str] = set()
        names: dict[str, Value] = {}
        fields: list[str] = []
        for base in reversed([self.expressions.value(part, scope) for part in node.bases]):
            if isinstance(base, Class):
                names |= base.names
                fields += base.fields
            bases |= base.bases if isinstance(base, Class) else {base.name} if isinstance(base, Dotted) else set()
        inner = scope.child()
        inner.names |= names
        before = dict(inner.names)
        self.block(node.body, inner)
        own = {
            name: settled(name, value, scope) for name, value in inner.names.items() if before.get(name) is not value
        }
        annotated = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
        fields += [target.id for target in annotated if isinstance(target, ast.Name)]
        made = Class(node.name, frozenset(bases), names | own, tuple(dict.fromkeys(fields)))
        scope.names[node.name] = made
        for part in node.body:
            if isinstance(part, ast.FunctionDef) and "property" in {ast.unparse(word) for word in part.decorator_list}:
                made.names[part.name] = self._call(made.names[part.name], [made], {})

    def _functiondef(self, node: ast.FunctionDef, scope: Scope) -> None:
        scope.names[node.name] = Function(node, scope)

    def _return(self, node: ast.Return, scope: Scope) -> None:
        raise Returned(self.expressions.value(node.value, scope))

    # --- imports

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            found = self.find(alias.name)
            if found:
                scope.names[alias.asname or top] = self.module(alias.name, found)
            else:
                scope.names[alias.asname or top] = self.run.known.get(
                    alias.name, Dotted(alias.name if alias.asname else top)
                )

    def _importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        name = self._absolute(node, scope)
        path = self.find(name)
        for alias in node.names:
            inner = self.find(f"{name}.{alias.name}") if alias.name != "*" else None
            if path is None and inner is None:
                self._from_elsewhere(node, name, alias, scope)
            elif alias.name == "*":
                assert path is not None  # noqa: S101 - else the branch above was taken
                taken = {key: value for key, value in self.module(name, path).names.items() if key[0] != "_"}
                scope.names.update(taken)
            elif inner and (path is None or alias.name not in self.module(name, path).names):
                scope.names[alias.asname or alias.name] = self.module(f"{name}.{alias.name}", inner)
            elif path is not None:
                scope.names[alias.asname or alias.name] = self.module(name, path).names.get(alias.name, UNKNOWN)

    def _from_elsewhere(self, node: ast.ImportFrom, name: str, alias: ast.alias, scope: Scope) -> None:
        own = bool(node.level) or self._is_own(name)
        if own:
            if self.tries:
                raise Missing(name)
            if not self.run.doubt:  # `if Path("local.py").exists():` stands before many of them
                self.missing.append((name, scope.place(node)))
        elif alias.name != "*":
            dotted = f"{name}.{alias.name}"
            scope.names[alias.asname or alias.name] = self.run.known.get(dotted, Dotted(dotted))

    def _is_own(self, name: str) -> bool:
        """Whether a module would be one of the project's, by the name of its package."""
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            return False
        folder = f"{self.folder}/{top}" if self.folder else top
        return "." in name and self.read(f"{folder}/__init__.py") is not None

    def _absolute(self, node: ast.ImportFrom, scope: Scope) -> str:
        if not node.level:
            return node.module or ""
        parts = scope.module.split(".")
        package = parts if scope.path.endswith("/__init__.py") else parts[:-1]
        kept = package[: len(package) - (node.level - 1)]
        return ".".join((*kept, *([node.module] if node.module else [])))

    # --- the project's own functions

    def _call(self, function: Function, arguments: Sequence[Value], options: Mapping[str, Value]) -> Value:
        if self.depth > DEEPEST_CALL:
            return UNKNOWN
        inner = function.scope.child()
        inner.names |= self._bound(function, arguments, options)
        if isinstance(function.node, ast.Lambda):
            return self.expressions.value(function.node.body, inner)
        self.depth += 1
        try:
            self.block(function.node.body, inner)
        except Returned as returned:
            return returned.value
        except Raised as raised:
            if self.tries:
                raise
            if not self.run.doubt:
                self.raised.append((raised.args[0], raised.args[1]))
            return Unknown(variables_of(list(arguments)))
        finally:
            self.depth -= 1
        return None

    def _bound(self, function: Function, arguments: Sequence[Value], options: Mapping[str, Value]) -> dict[str, Value]:
        taken = function.node.args
        names = [argument.arg for argument in (*taken.posonlyargs, *taken.args)]
        bound: dict[str, Value] = {}
        for name, default in zip(reversed(names), reversed(taken.defaults), strict=False):
            bound[name] = self.expressions.value(default, function.scope)
        for argument, default_node in zip(taken.kwonlyargs, taken.kw_defaults, strict=True):
            bound[argument.arg] = self.expressions.value(default_node, function.scope)
        bound |= dict(zip(names, arguments, strict=False)) | dict(options)
        return dict.fromkeys(names, UNKNOWN) | bound


def _handler(node: ast.Try, error: Exception) -> ast.ExceptHandler | None:
    """The handler that fits: of a missing module the one for ImportError, of a variable the one for KeyError."""
    wanted = {Missing: ("ImportError", "ModuleNotFoundError"), NotSet: ("KeyError", "ImproperlyConfigured")}
    names = wanted.get(type(error)) or tuple(re.findall(r"\w+", str(error.args[0]))[1:2])
    for handler in node.handlers:
        if handler.type is None or any(name in ast.unparse(handler.type) for name in (*names, *EVERYTHING)):
            return handler
    return node.handlers[0] if node.handlers and isinstance(error, NotSet) else None
