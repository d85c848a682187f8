"""Small files: read with an error a person understands, written so that they are never half done."""

import contextlib
import io
import json
import os
import tempfile
import zipfile
import zlib
from typing import Any, Callable, Dict, List, Mapping, Optional

import numpy as np

from sparse_rnn.errors import UserError

#: Ends the name of a file that is being written; a kill may leave one.
PARTIAL = ".partial"


def write_text(path: str, text: str) -> None:
    """Replace the file at ``path`` by ``text`` in one step: a kill or a full disk leaves the old file.

    Raises:
      UserError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str, content: bytes) -> None:
    """:func:`write_text` of bytes."""
    partial = None
    try:
        handle, partial = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=PARTIAL, dir=_folder(path))
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except OSError as error:
        if partial is not None:
            with contextlib.suppress(OSError):
                os.remove(partial)
        raise UserError("{}: cannot be written: {}.".format(path, error.strerror or error)) from error


def write_json(path: str, value: Any) -> None:
    """:func:`write_text` of ``value`` as indented JSON."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_text(path: str) -> str:
    """The text in the file at ``path``, UTF-8 with or without a byte order mark.

    Raises:
      UserError: the file is missing, a folder, unreadable or not UTF-8.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise UserError("{}: byte {} is not UTF-8; convert the file to UTF-8.".format(path, error.start)) from None
    except OSError as error:
        raise UserError("{}: cannot be read: {}.".format(path, error.strerror or error)) from None


def read_bytes(path: str) -> bytes:
    """The content of the file at ``path``.

    Raises:
      UserError: the file is missing, a folder or unreadable.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError("{}: cannot be read: {}.".format(path, error.strerror or error)) from None


def read_json(path: str, object_pairs_hook: Optional[Callable[[Any], Any]] = None) -> Any:
    """The JSON value in the file at ``path``; the hook is that of :func:`json.loads`.

    Raises:
      UserError: the file cannot be read or is not JSON; the sentence says line and column.
    """
    try:
        return json.loads(read_text(path), object_pairs_hook=object_pairs_hook)
    except json.JSONDecodeError as error:
        place = "{}, line {}, column {}".format(path, error.lineno, error.colno)
        raise UserError("{}: this is not JSON ({}).".format(place, error.msg)) from None
    except RecursionError as error:
        raise UserError("{}: this JSON is nested too deeply ({}).".format(path, error)) from None


def write_arrays(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    """:func:`write_bytes` of arrays by name, as numpy's npz."""
    content = io.BytesIO()
    named: Dict[str, Any] = dict(arrays)
    np.savez(content, **named)
    write_bytes(path, content.getvalue())


def read_arrays(path: str) -> Dict[str, np.ndarray]:
    """The arrays in the npz file at ``path``, by name.

    Raises:
      UserError: the file cannot be read, is no npz, or is cut off or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except OSError as error:
        if error.errno is not None:
            raise UserError("{}: cannot be read: {}.".format(path, error.strerror or error)) from None
    except (ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error):
        pass
    raise UserError("{}: these are not numpy's arrays (npz), or the file is cut off or damaged.".format(path))


def names_in(folder: str) -> List[str]:
    """The names in a folder, sorted.

    Raises:
      UserError: it is no folder, or may not be read.
    """
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        raise UserError("folder '{}' cannot be read: {}.".format(folder, error.strerror or error)) from None


def make_folder(folder: str) -> None:
    """Make a folder with those above it, where it is not there already.

    Raises:
      UserError: that cannot be.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UserError("folder '{}' cannot be made: {}.".format(folder, error.strerror or error)) from error


def refuse_patterns(path: str) -> None:
    """Raise a UserError where no checkpoint could lie at ``path``: said before the hours that lead up to one."""
    if "[" in path:
        raise UserError(
            "TensorFlow takes the '[' in '{}' for a pattern and reads no checkpoint there; rename it.".format(path)
        )


def _folder(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
