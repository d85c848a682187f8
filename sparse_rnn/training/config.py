"""Configs: a tree of dataclasses whose fields say what they mean and what they allow.

An experiment is one JSON file. What may stand in it is declared once, as dataclasses::

    @dataclass(frozen=True)
    class Train:
        epochs: int = option(13, "passes over the training text", minimum=0)

and everything else follows from the declaration: loading, checking, ``--set``, the resolved copy that reruns
an experiment, and the reference table. A field is an ``int``, ``float``, ``str`` or ``bool``, another such
dataclass (a section), a ``Tuple[kind, ...]`` (a JSON list), a ``Dict[str, kind]``, or ``Optional`` of one of these.
A section with a method ``check(at)`` is asked, once it is filled, for what no single field can see; ``at(key)``
is the place of one of its keys, to begin the sentence of a UserError with.
"""

import dataclasses
import json
import os
import sys
import textwrap
import typing
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Type, TypeVar, Union

from sparse_rnn import files, names
from sparse_rnn.errors import UserError

Section = TypeVar("Section")

#: The default of an option that has none.
REQUIRED = dataclasses.MISSING

_NOUNS = {int: "an integer", float: "a finite number", str: "a string", bool: "true or false"}
#: Stands where a JSON object gives one key twice, so that the reader can say where that is.
_TWICE = object()


@dataclasses.dataclass(frozen=True)
class _Limits:
    """What a scalar must satisfy beyond its type; in a list or an object, each of its values."""

    minimum: Optional[float] = None
    above: Optional[float] = None
    maximum: Optional[float] = None
    choices: Optional[Tuple[str, ...]] = None
    is_path: bool = False


def option(default: Any, meaning: str, **limits: Any) -> Any:
    """One field of a section.

    Args:
      default: the value where the file says nothing; a class (a section, ``dict``) is called for it;
        :data:`REQUIRED` where the file must say something.
      meaning: one line for the reference table.
      **limits: ``minimum``, ``maximum`` (inclusive), ``above`` (exclusive), ``choices`` (of strings), or
        ``is_path=True`` for the name of a file, which is relative to the config file.
    """
    metadata = {"meaning": meaning, "limits": _Limits(**limits)}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    if isinstance(default, type):
        return dataclasses.field(default_factory=default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def load(cls: Type[Section], path: str, overrides: Sequence[str] = ()) -> Section:
    """The experiment that a JSON file describes.

    Args:
      cls: the dataclass at the root.
      path: the file.
      overrides: ``"train.epochs=5"``; see :func:`override`.

    Raises:
      UserError: the file cannot be read, or says something that ``cls`` does not allow.
    """
    return override(from_dict(cls, read_json(path), path, os.path.dirname(path)), overrides)


def override(config: Section, overrides: Sequence[str]) -> Section:
    """A config with single values replaced, checked like a file.

    Args:
      config: what to start from.
      overrides: ``"a.b.0.c=value"``: section ``a``, its list ``b``, entry 0, key ``c``. The value is JSON, or a bare
        string where it is no JSON. Paths are relative to the working directory.
    """
    if not overrides:
        return config
    tree = to_dict(config)
    for text in overrides:
        _assign(tree, text)
    return from_dict(type(config), tree, "--set", os.getcwd())


def from_dict(cls: Type[Section], tree: Any, source: str, folder: str = "", prefix: str = "") -> Section:
    """The config that parsed JSON describes.

    Args:
      cls: the dataclass at the root.
      tree: what was parsed.
      source: where it comes from, to begin the sentence of an error with.
      folder: what paths in it are relative to.
      prefix: dotted key of ``tree`` within ``source``.
    """
    return _Reader(cls, source, folder).section(cls, tree, prefix)


def to_dict(config: Any) -> Dict[str, Any]:
    """The config as plain JSON with every default filled in; from it :func:`from_dict` makes the same config."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def reference(cls: type) -> str:
    """A Markdown table of all options: key, what is allowed, default, meaning. ``N`` is an index into a list."""
    lines = ["| key | allowed | default | meaning |", "|---|---|---|---|"]
    for key, kind, field in _options(cls):
        allowed = _allowed(kind, field.metadata["limits"])
        lines.append("| `{}` | {} | {} | {} |".format(key, allowed, _default(field), field.metadata["meaning"]))
    return "\n".join(lines)


def listing(cls: type) -> str:
    """All options as plain text for a terminal: key with its default, and below it what it means and allows."""
    lines = []
    for key, kind, field in _options(cls):
        lines.append("  {} = {}".format(key, _default(field).strip("`")))
        described = "{} ({})".format(field.metadata["meaning"], _allowed(kind, field.metadata["limits"]))
        lines += textwrap.wrap(described.replace("`", ""), 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def read_json(path: str) -> Any:
    """The parsed content of a config file; a UserError that says why where there is none."""
    if not os.path.exists(path):
        raise _missing_file(path)
    return files.read_json(path, object_pairs_hook=_object)


class _Reader:
    """Turns parsed JSON into sections, or says where it cannot."""

    def __init__(self, root: type, source: str, folder: str) -> None:
        self.root, self.source, self.folder = root, source, folder

    def section(self, cls: Any, tree: Any, key: str) -> Any:
        if not isinstance(tree, dict):
            raise self.refusal(key, tree, "an object")
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name in tree:
            if name not in fields:
                raise self.unknown(name, list(fields), key)
        given, kinds = {}, typing.get_type_hints(cls)
        for name, field in fields.items():
            here, limits = _join(key, name), field.metadata["limits"]
            if name in tree:
                given[name] = self.value(kinds[name], limits, tree[name], here)
            elif _is_required(field):
                raise UserError("{} is missing; it must be {}.".format(self.at(here), _allowed(kinds[name], limits)))
        made = cls(**given)
        if hasattr(made, "check"):
            made.check(lambda name: self.at(_join(key, name)))
        return made

    def value(self, kind: Any, limits: _Limits, value: Any, key: str) -> Any:
        bare, may_be_null = _unwrap(kind)
        if value is None and may_be_null:
            return None
        if dataclasses.is_dataclass(bare):
            return self.section(bare, value, key)
        if not _fits(bare, limits, value):
            raise self.refusal(key, value, _allowed(kind, limits), limits.choices)
        if _is_list(bare):
            item = bare.__args__[0]
            return tuple(self.value(item, limits, inner, _join(key, index)) for index, inner in enumerate(value))
        if _is_dict(bare):
            item = bare.__args__[1]
            return {name: self.value(item, limits, inner, _join(key, name)) for name, inner in value.items()}
        if limits.is_path:
            return os.path.abspath(os.path.join(self.folder, value))
        return float(value) if bare is float else value

    def at(self, key: str) -> str:
        return "{}: {}".format(self.source, key or "the config")

    def refusal(self, key: str, value: Any, allowed: str, choices: Optional[Sequence[str]] = None) -> UserError:
        if value is _TWICE:
            return UserError("{} is given twice; keep one of the two.".format(self.at(key)))
        found = json.dumps(value, default=lambda _: "a key given twice")
        found = found if len(found) <= 60 else found[:57] + "..."
        hint = (
            "; did you mean '{}'?".format(names.nearest(value, choices)) if choices and isinstance(value, str) else "."
        )
        return UserError("{} is {}; it must be {}{}".format(self.at(key), found, allowed, hint))

    def unknown(self, name: str, siblings: Sequence[str], key: str) -> UserError:
        elsewhere = [other for other, _, _ in _options(self.root) if other.rpartition(".")[2] == name]
        known = elsewhere or [_join(key, sibling) for sibling in siblings]
        return names.unknown(_join(key, name), known, self.source, "option")


def _fits(kind: Any, limits: _Limits, value: Any) -> bool:
    """Whether a value is of its field's kind and, if it is a scalar, within the limits."""
    if _is_list(kind) or _is_dict(kind):
        return isinstance(value, list if _is_list(kind) else dict)
    if kind in (bool, str):
        return isinstance(value, kind) and (limits.choices is None or value in limits.choices)
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
        return False
    return (
        abs(value) <= sys.float_info.max  # neither infinity nor NaN, nor an integer that no float can hold
        and (limits.minimum is None or value >= limits.minimum)
        and (limits.above is None or value > limits.above)
        and (limits.maximum is None or value <= limits.maximum)
    )


def _allowed(kind: Any, limits: _Limits) -> str:
    """What a field takes, in words."""
    bare, may_be_null = _unwrap(kind)
    if may_be_null:
        return "null or " + _allowed(bare, limits)
    if dataclasses.is_dataclass(bare):
        return "an object"
    if _is_list(bare):
        return "a list, each entry {}".format(_allowed(bare.__args__[0], limits))
    if _is_dict(bare):
        return "an object, each value {}".format(_allowed(bare.__args__[1], limits))
    bounds = [
        "{} {}".format(word, bound)
        for word, bound in (("of at least", limits.minimum), ("above", limits.above), ("at most", limits.maximum))
        if bound is not None
    ]
    noun = "one of {}".format(", ".join(limits.choices)) if limits.choices else _NOUNS[bare]
    return " ".join([noun] + [" and ".join(bounds)] * bool(bounds))


def _is_required(field: Any) -> bool:
    return field.default is REQUIRED and field.default_factory is REQUIRED


def _default(field: Any) -> str:
    if _is_required(field):
        return "required"
    return "`{}`".format(json.dumps(field.default_factory() if field.default is REQUIRED else field.default))


def _options(cls: Any, prefix: str = "") -> Iterator[Tuple[str, Any, Any]]:
    """Dotted key, type and field of every option; a section itself is no option, a list of sections is."""
    kinds = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        key, kind = _join(prefix, field.name), kinds[field.name]
        if not dataclasses.is_dataclass(kind):
            yield key, kind, field
        if _is_list(kind):
            key, kind = _join(key, "N"), kind.__args__[0]
        if dataclasses.is_dataclass(kind):
            yield from _options(kind, key)


def _unwrap(kind: Any) -> Tuple[Any, bool]:
    """``(int, True)`` of ``Optional[int]``, ``(int, False)`` of ``int``."""
    return (kind.__args__[0], True) if getattr(kind, "__origin__", None) is Union else (kind, False)


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is tuple


def _is_dict(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is dict


def _join(key: str, name: Any) -> str:
    return "{}.{}".format(key, name) if key else str(name)


def _object(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for name, value in pairs:
        found[name] = _TWICE if name in found else value
    return found


def _missing_file(path: str) -> UserError:
    folder = os.path.dirname(path)
    others = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    known = [os.path.join(folder, other) for other in others if other.endswith(".json")]
    if not known:
        return UserError("{}: there is no such file.".format(path))
    return names.unknown(path, known, "config", "file")


def _assign(tree: Dict[str, Any], text: str) -> None:
    """Put what ``a.b.0.c=value`` says into the tree; unknown names stay for the reader to refuse."""
    key, equals, value = text.partition("=")
    path = key.strip().split(".")
    if not equals or "" in path:
        raise UserError("--set: '{}' does not have the form section.key=value.".format(text))
    node: Any = tree
    for name in path[:-1]:
        inner = _index(node, name, text)
        node = node.setdefault(inner, {}) if isinstance(node, dict) else node[inner]
    node[_index(node, path[-1], text)] = _parsed(value)


def _index(node: Any, name: str, text: str) -> Union[int, str]:
    """What ``name`` selects in an object or a list."""
    if isinstance(node, dict):
        return name
    if not isinstance(node, list):
        raise UserError("--set {}: there is no '{}' inside the value {}.".format(text, name, json.dumps(node)))
    if not name.isdecimal() or int(name) >= len(node):
        counted = "the list has {}, counted from 0".format(len(node))
        raise UserError("--set {}: there is no entry '{}'; {}.".format(text, name, counted))
    return int(name)


def _parsed(value: str) -> Any:
    try:
        return json.loads(value, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        return value
