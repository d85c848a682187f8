"""Files that are either the old one or the new one, never half of it."""

import json
import os
import tempfile

from sparse_rnn.errors import UserError


def write_text(path, text):
    """Replace the file at ``path`` by ``text`` in one step, so that a kill or a full disk leaves the old file.

    Raises:
      UserError: the folder cannot be written.
    """
    folder = os.path.dirname(os.path.abspath(path))
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".part", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise UserError("'{}' cannot be written: {}.".format(path, error.strerror or error)) from error


def write_json(path, value):
    """:func:`write_text` of ``value`` as indented JSON."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def read_text(path):
    """The text in the file at ``path``."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_json(path):
    """The JSON value in the file at ``path``.

    Raises:
      UserError: there is no such file, or it is not JSON.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise UserError("'{}' cannot be read: {}.".format(path, error.strerror or error)) from error
    except ValueError as error:
        raise UserError("'{}' is not valid JSON: {}.".format(path, error)) from error
