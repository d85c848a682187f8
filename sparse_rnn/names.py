"""Finding a variable, group or key by name, and saying the nearest right name where there is none.

Cells of TensorFlow <= 1.1 called their matrix ``weights`` and their bias ``biases``; later
versions say ``kernel`` and ``bias``. Both name the same variable, so either finds the other.
"""

import difflib
from typing import Iterable, List, Mapping, Optional, Tuple

from sparse_rnn.errors import UserError

_OLD_TO_NEW = {"weights": "kernel", "biases": "bias"}
_RENAMED = dict(_OLD_TO_NEW, **{new: old for old, new in _OLD_TO_NEW.items()})


def nearest(name: str, known: Iterable[str]) -> Optional[str]:
    """The known name that looks most like ``name``, or None where there is none at all.

    >>> nearest("lstm0", ["lstm_0", "embedding"])
    'lstm_0'
    """
    candidates: List[str] = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.0)
    return close[0] if close else None


def other_spelling(name: str) -> Optional[str]:
    """The name of the same variable in checkpoints of the other TensorFlow era, or None.

    >>> other_spelling("cell_0/basic_lstm_cell/weights")
    'cell_0/basic_lstm_cell/kernel'
    """
    scope, slash, last = name.rpartition("/")
    return scope + slash + _RENAMED[last] if last in _RENAMED else None


def resolve(name: str, known: Iterable[str], where: str) -> str:
    """The member of ``known`` that ``name`` means.

    Args:
      name: a variable name without ``:0``, in either era's spelling.
      known: the names that exist.
      where: what the name was found in, for the error ("groups.json, group 2").

    Raises:
      UserError: nothing is called that; the sentence gives the nearest name.

    >>> resolve("cell/weights", ["cell/kernel", "cell/bias"], "groups.json")
    'cell/kernel'
    """
    known = list(known)
    for candidate in (name, other_spelling(name)):
        if candidate in known:
            return candidate
    raise unknown(name, known, where, "variable")


def owner(name: str, shapes: Mapping[str, Tuple[int, ...]]) -> Optional[str]:
    """The variable that an optimiser slot or moving average belongs to, or None for what is neither.

    TensorFlow calls them ``<variable>/Adam_1``, ``<variable>/ExponentialMovingAverage`` and the like, with the
    scope that made them in front; they have their variable's shape.

    >>> owner("Train/cell/kernel/Adam", {"cell/kernel": (3, 8), "Train/cell/kernel/Adam": (3, 8)})
    'cell/kernel'
    """
    path = name.rpartition("/")[0]
    while path and not (path in shapes and tuple(shapes[path]) == tuple(shapes[name])):
        path = path.partition("/")[2]
    return path or None


def unknown(name: str, known: Iterable[str], where: str, kind: str) -> UserError:
    """The error for a name that matches nothing."""
    close = nearest(name, known)
    hint = "; did you mean '{}'?".format(close) if close else "; there is none at all."
    return UserError("{}: there is no {} '{}'{}".format(where, kind, name, hint))
