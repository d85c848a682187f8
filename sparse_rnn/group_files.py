"""Structure as a JSON file: our own format, and the group files of the original code.

Ours holds the complete structure and is written next to every run. The original's holds the
terms of a penalty: ``{"comments": [...], "groups": [[entry, ...], ...]}`` with entries ``{"var_name", "multi", "axis",
"start", "end"}``, where ``axis`` is the axis that squares are summed over, so ``axis`` 1 means one unit per row.
"""

import contextlib
import json
import os
import sys
from dataclasses import asdict
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from sparse_rnn import groups, names
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, Structure, UnitGroup

FORMAT = "sparse_rnn structure"
VERSION = 1

Path = Union[str, "os.PathLike[str]"]
Shapes = Mapping[str, Tuple[int, ...]]

_NUMBER = (int, float)
_KINDS = {int: "a whole number", _NUMBER: "a number", str: "a string", list: "a list", dict: "an object"}
_OURS = {"format": str, "version": int, "groups": list}
_GROUP = {"name": str, "size": int, "slices": list}
_SLICE = {"variable": str, "axis": int, "start": int, "role": str, "multiplier": _NUMBER}
_THEIRS = {"groups": list}
_ENTRY = {"var_name": str, "multi": _NUMBER, "axis": int, "start": int, "end": int}
#: Last component of a matrix's name -> that of the bias added to its columns.
_BIASES = {"kernel": "bias", "weights": "biases", "Matrix": "Bias"}


def load(path: Path, shapes: Shapes) -> List[UnitGroup]:
    """Read a structure and hold it against the variables of a model.

    Variable names may be spelled as in either TensorFlow era (see :func:`sparse_rnn.names.resolve`).

    A file of the original does not say what a slice is to its unit. Where a group has both rows and columns of a
    variable, rows are taken as ``recurrent`` and columns as ``gate``, with the matching ``bias`` where
    the model has one; slices of any other variable as ``consumer``, so that a unit counts as read
    until they are zero. The groups are called ``group_0``, ``group_1``, ...

    Args:
      path: the file.
      shapes: variable name -> shape.

    Raises:
      UserError: the file cannot be read, is of neither format, or does not fit the variables.
    """
    content = _read(path)
    if _is_ours(content):
        structure = _load_ours(content, shapes, str(path))
    else:
        structure = _load_theirs(content, shapes, str(path))
    _check(structure, shapes, str(path))
    return structure


def is_complete(path: Path) -> bool:
    """Whether the file promises everything that its units own, which removal needs.

    Ours does. The original's files name only what is penalised: its BiDAF files leave out readers of
    the second modelling layer. Whoever removes units by such a file has to know that it leaves out no reader.
    """
    return _is_ours(_read(path))


def save(structure: Structure, path: Path) -> None:
    """Write a structure in our format; a file that was there stays whole until the new one is.

    Raises:
      UserError: the file cannot be written.
    """
    content = {"format": FORMAT, "version": VERSION, "groups": [asdict(group) for group in structure]}
    partial = "{}.partial".format(os.fspath(path))
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2) + "\n")
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(partial)
        raise UserError("{}: cannot be written: {}.".format(path, error.strerror)) from error


def _read(path: Path) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except OSError as error:
        raise UserError("{}: cannot be read: {}.".format(path, error.strerror)) from error
    except (ValueError, RecursionError) as error:
        raise UserError("{}: this is no JSON file: {}.".format(path, error)) from error
    return _typed(content, dict, str(path))


def _is_ours(content: Mapping[str, Any]) -> bool:
    return "format" in content


def _load_ours(content: Mapping[str, Any], shapes: Shapes, where: str) -> List[UnitGroup]:
    _keys(content, _OURS, where)
    if (content["format"], content["version"]) != (FORMAT, VERSION):
        raise UserError(
            "{}: format '{}' version {} is not known here; '{}' version {} is.".format(
                where, content["format"], content["version"], FORMAT, VERSION
            )
        )
    return [
        _our_group(group, shapes, "{}: groups[{}]".format(where, number))
        for number, group in enumerate(content["groups"])
    ]


def _our_group(content: Any, shapes: Shapes, where: str) -> UnitGroup:
    _keys(content, _GROUP, where)
    slices = []
    for number, part in enumerate(content["slices"]):
        here = "{}.slices[{}]".format(where, number)
        _keys(part, _SLICE, here)
        _positive(part["multiplier"], "multiplier", here)
        if part["role"] not in groups.ROLES:
            raise names.unknown(part["role"], groups.ROLES, here, "role")
        # Carried state is no weight: a checkpoint of the weights alone has none of it.
        optional = part["role"] == "state" and part["variable"] not in shapes
        variable = part["variable"] if optional else names.resolve(part["variable"], shapes, here)
        slices.append(Slice(variable, part["axis"], part["start"], part["role"], float(part["multiplier"])))
        _check([UnitGroup(content["name"], content["size"], (slices[-1],))], shapes, here)
    return UnitGroup(content["name"], content["size"], tuple(slices))


def _load_theirs(content: Mapping[str, Any], shapes: Shapes, where: str) -> List[UnitGroup]:
    _keys(content, _THEIRS, where, optional=("comments",))
    return [
        _their_group(entries, "group_{}".format(number), shapes, "{}: groups[{}]".format(where, number))
        for number, entries in enumerate(content["groups"])
    ]


def _their_group(entries: Any, name: str, shapes: Shapes, where: str) -> UnitGroup:
    size: Optional[int] = None
    slices: List[Slice] = []
    for number, entry in enumerate(_typed(entries, list, where)):
        here = "{}[{}]".format(where, number)
        part, length = _their_entry(entry, shapes, here)
        if size is not None and length != size:
            raise UserError("{}: has {} units, but the entries before it have {}.".format(here, length, size))
        size = length
        slices.append(part)
        _check([UnitGroup(name, size, (part,))], shapes, here)
    return UnitGroup(name, size or 0, _with_roles(slices, size or 0, shapes))


def _their_entry(entry: Any, shapes: Shapes, where: str) -> Tuple[Slice, int]:
    """One entry as a consumer slice, and its number of units."""
    _keys(entry, _ENTRY, where)
    _positive(entry["multi"], "multi", where)
    if entry["axis"] not in (0, 1):
        raise UserError("{}: axis is {}; only 0 and 1 are possible.".format(where, entry["axis"]))
    if entry["end"] <= entry["start"]:
        raise UserError("{}: end {} must be more than start {}.".format(where, entry["end"], entry["start"]))
    variable = names.resolve(entry["var_name"], shapes, where)
    if len(shapes[variable]) != 2:
        raise UserError(
            "{}: '{}' has shape {}, but entries of this format speak of matrices.".format(
                where, variable, list(shapes[variable])
            )
        )
    part = Slice(variable, 1 - entry["axis"], entry["start"], "consumer", float(entry["multi"]))
    return part, entry["end"] - entry["start"]


def _with_roles(slices: List[Slice], size: int, shapes: Shapes) -> Tuple[Slice, ...]:
    with_rows = {part.variable for part in slices if part.axis == 0}
    with_columns = {part.variable for part in slices if part.axis == 1}
    told: List[Slice] = []
    biases: List[Slice] = []
    for part in slices:
        if part.variable in with_rows & with_columns:
            role = "gate" if part.axis == 1 else "recurrent"
            part = Slice(part.variable, part.axis, part.start, role, part.multiplier)
            bias = _bias_of(part.variable, shapes)
            if role == "gate" and bias is not None:
                biases.append(Slice(bias, 0, part.start, "bias"))
        told.append(part)
    return tuple(told + biases)


def _bias_of(matrix: str, shapes: Shapes) -> Optional[str]:
    """The bias that is added to the columns of ``matrix``, if the model has it.

    >>> _bias_of("cell/kernel", {"cell/kernel": (5, 8), "cell/bias": (8,)})
    'cell/bias'
    """
    scope, slash, last = matrix.rpartition("/")
    bias = scope + slash + _BIASES.get(last, "")
    return bias if last in _BIASES and tuple(shapes.get(bias, ())) == (shapes[matrix][1],) else None


def _check(structure: Structure, shapes: Shapes, where: str) -> None:
    if not structure:
        raise UserError("{}: there is no group in it.".format(where))
    try:
        groups.check(structure, shapes)
    except UserError as error:
        raise UserError("{}: {}".format(where, error)) from error


def _keys(content: Any, expected: Mapping[str, Any], where: str, optional: Tuple[str, ...] = ()) -> None:
    """Check that ``content`` is an object with exactly the ``expected`` keys and types."""
    for key in _typed(content, dict, where):
        if key not in expected and key not in optional:
            raise names.unknown(key, list(expected) + list(optional), where, "key")
    for key, kind in expected.items():
        if key not in content:
            raise UserError("{}: the key '{}' is missing.".format(where, key))
        _typed(content[key], kind, "{}: {}".format(where, key))


def _typed(value: Any, kind: Any, where: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        shown = json.dumps(value)
        raise UserError(
            "{} must be {}, not {}.".format(where, _KINDS[kind], shown if len(shown) < 60 else shown[:57] + "...")
        )
    return value


def _positive(value: float, key: str, where: str) -> None:
    if not 0 <= value <= sys.float_info.max:
        raise UserError("{}: {} is {}; it must be a finite number, 0 or more.".format(where, key, value))
