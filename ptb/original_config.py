"""Reads the JSON files of the original ISS code, which say half of an experiment; ``--model`` said the rest.

``translate`` turns file and flags into this project's format, the same experiment in other words:

* ``grouplasso`` with ``structure_decay_multi`` of a kernel, coupled to what reads the layer, is the ``units`` penalty
  of the group ``lstm_<layer>``; ``row_decay_multi`` and ``col_decay_multi`` are ``rows`` and ``columns``.
* ``weight_decay`` is ``l1`` on everything but the embedding, biases included. It also raised the threshold below which
  weights are zeroed: ``max(1e-4, 2 * weight_decay)``.
* ``save_path`` was the folder to make run folders in. It is accepted and ignored: the flag ``--save_path`` says it.

What did nothing there is refused here, names that matched no variable above all: under TensorFlow >= 1.2, where
``weights`` are called ``kernel``, the published files trained without any penalty and did not say so.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional

from ptb import variables
from sparse_rnn import names
from sparse_rnn.errors import UserError
from sparse_rnn.training import config
from sparse_rnn.training.config import REQUIRED, option


def _model(size: int, layers: int, init_scale: float, keep_prob: float, train: Dict[str, Any]) -> Dict[str, Any]:
    sizes = {"hidden_sizes": [size] * layers, "embedding_size": size}
    return {"model": dict(sizes, init_scale=init_scale, keep_prob=keep_prob), "train": train}


def _train(epochs: int, num_steps: int, max_grad_norm: float, **schedule: Any) -> Dict[str, Any]:
    return {"epochs": epochs, "num_steps": num_steps, "max_grad_norm": max_grad_norm, "schedule": schedule}


#: What ``--model`` stood for; also batches of 20 and a first learning rate of 1.0, which are the defaults.
MODELS = {
    "small": _model(200, 2, 0.1, 1.0, _train(13, 20, 5.0, kind="delayed_decay", factor=0.5, after=4)),
    "medium": _model(650, 2, 0.05, 0.5, _train(39, 35, 5.0, kind="delayed_decay", factor=0.8, after=6)),
    "large": _model(1500, 2, 0.04, 0.35, _train(55, 35, 10.0, kind="delayed_decay", factor=1 / 1.15, after=14)),
    "sparselarge": _model(1500, 2, 0.04, 0.60, _train(55, 35, 10.0, kind="equal_steps", factor=0.1, parts=3)),
    "validtestlarge": _model(1500, 2, 0.04, 1.0, _train(0, 35, 10.0, kind="constant")),
    "test": _model(2, 1, 0.1, 1.0, _train(1, 2, 1.0, kind="delayed_decay", factor=0.5, after=1)),
}
_OPTIMIZERS = {"gd": "sgd", "adam": "adam"}
_FREEZE_MODES = ("none", "element", "group")


@dataclass(frozen=True)
class _Top:
    save_path: Optional[str] = option(None, "ignored")
    learning_rate: Optional[float] = option(None, "instead of the model's", above=0)
    dropout_keep_prob: Optional[float] = option(None, "instead of the model's", above=0, maximum=1)
    weight_decay: float = option(0.0, "strength of L1", minimum=0)


@dataclass(frozen=True)
class _Decay:
    global_decay: float = option(REQUIRED, "strength of every group Lasso", minimum=0)


@dataclass(frozen=True)
class _Lasso:
    col_decay_multi: float = option(0.0, "factor of the column Lasso", minimum=0)
    row_decay_multi: float = option(0.0, "factor of the row Lasso", minimum=0)
    structure_decay_multi: float = option(0.0, "factor of the Lasso over units", minimum=0)
    coupled_layer: Optional[str] = option(None, "the variable that reads the layer's units")
    couple_split_num: int = option(2, "row blocks of that variable, of which the first reads them", minimum=1)


def is_original(tree: Any) -> bool:
    """Whether parsed JSON is a file of the original code."""
    return isinstance(tree, dict) and not {"weight_decay", "grouplasso", "save_path"}.isdisjoint(tree)


def translate(
    tree: Dict[str, Any],
    source: str,
    model: Optional[str] = None,
    optimizer: str = "gd",
    regularizer: str = "l1_regularizer",
    freeze_mode: str = "none",
) -> Dict[str, Any]:
    """The same experiment in this project's format.

    Args:
      tree: the parsed file of the original.
      source: its path, to begin the sentence of an error with.
      model: one of :data:`MODELS`.
      optimizer: ``gd`` or ``adam``, which keeps its learning rate.
      regularizer: ``l1_regularizer``, the one that makes zeros.
      freeze_mode: ``none``, ``element``, or ``group``, which the original announced and did not have.

    Returns:
      A tree for :func:`sparse_rnn.training.config.from_dict`.

    Raises:
      UserError: a value that is not allowed, or a key that did nothing.
    """
    if model is None:
        known = ", ".join(MODELS)
        raise UserError("{}: a config of the original also needs --model, one of {}.".format(source, known))
    _check_flag("model", model, MODELS)
    _check_flag("optimizer", optimizer, _OPTIMIZERS)
    _check_flag("regularizer", regularizer, ["l1_regularizer"])
    _check_flag("freeze_mode", freeze_mode, _FREEZE_MODES)

    lasso = tree.get("grouplasso")
    top = _section(_Top, {key: value for key, value in tree.items() if key != "grouplasso"}, source, "")
    whole = MODELS[model]
    layers = len(whole["model"]["hidden_sizes"])
    penalties = _l1(top.weight_decay) + ([] if lasso is None else _group_lassos(lasso, layers, source))
    train = dict(whole["train"], optimizer=_OPTIMIZERS[optimizer], learning_rate=top.learning_rate or 1.0)
    if optimizer == "adam":
        train["schedule"] = {"kind": "constant"}
    return {
        "model": dict(whole["model"], keep_prob=top.dropout_keep_prob or whole["model"]["keep_prob"]),
        "train": train,
        "sparsity": {
            "penalties": penalties,
            "threshold": max(1e-4, 2 * top.weight_decay),
            "freeze": freeze_mode,
        },
    }


def _l1(strength: float) -> List[Dict[str, Any]]:
    but_the_embedding = ["Model/RNN/*", "Model/softmax_*"]
    return [{"kind": "l1", "strength": strength, "variables": but_the_embedding}] if strength > 0 else []


def _group_lassos(tree: Any, layers: int, source: str) -> List[Dict[str, Any]]:
    """The penalties of the ``grouplasso`` object, one of each kind, in the order units, rows, columns."""
    settings = {key: tree[key] for key in tree if key == "global_decay"} if isinstance(tree, dict) else tree
    decay = config.from_dict(_Decay, settings, source, prefix="grouplasso")
    multipliers: Dict[str, Dict[str, float]] = {"units": {}, "rows": {}, "columns": {}}
    seen: List[str] = []
    for name in tree:
        if name == "global_decay":
            continue
        where = "{}: grouplasso.{}".format(source, name)
        variable = names.resolve(name, variables.all_variables(layers), "{}: grouplasso".format(source))
        if variable in seen:
            raise UserError("{} names a variable that is there already in the other spelling; keep one.".format(where))
        seen.append(variable)
        lasso = _section(_Lasso, tree[name], source, "grouplasso." + name)
        if lasso.structure_decay_multi:
            multipliers["units"][_coupled_group(variable, lasso, layers, where)] = lasso.structure_decay_multi
        if lasso.row_decay_multi:
            multipliers["rows"][variable] = lasso.row_decay_multi
        if lasso.col_decay_multi:
            multipliers["columns"][variable] = lasso.col_decay_multi
    if not any(multipliers.values()):
        raise UserError("{}: grouplasso has no multiplier above 0, so it penalises nothing; remove it.".format(source))
    return [_penalty(kind, decay.global_decay, factors) for kind, factors in multipliers.items() if factors]


def _penalty(kind: str, strength: float, factors: Dict[str, float]) -> Dict[str, Any]:
    penalty = {"kind": kind, "strength": strength, "groups" if kind == "units" else "variables": list(factors)}
    return dict(penalty, multipliers={name: factor for name, factor in factors.items() if factor != 1})


def _coupled_group(variable: str, lasso: _Lasso, layers: int, where: str) -> str:
    """The group of units that a structure Lasso means, after a look at whether it is coupled rightly."""
    kernels = [variables.kernel(layer) for layer in range(layers)]
    if variable not in kernels:
        raise UserError("{}.structure_decay_multi is for kernels of LSTM layers; set it to 0.".format(where))
    layer = kernels.index(variable)
    reader = variables.reader_of(layer, layers)
    place = "{}.coupled_layer".format(where)
    if lasso.coupled_layer is None:
        raise UserError("{} is missing; the units of this layer are read by '{}'.".format(place, reader))
    coupled = names.resolve(lasso.coupled_layer, variables.all_variables(layers), place)
    if coupled != reader:
        raise UserError("{} is '{}', but the units of this layer are read by '{}'.".format(place, coupled, reader))
    blocks = 2 if reader in kernels else 1
    if lasso.couple_split_num != blocks:
        found = "{}.couple_split_num is {}".format(where, lasso.couple_split_num)
        raise UserError("{}; it must be {} for '{}'.".format(found, blocks, reader))
    return variables.group(layer)


def _section(cls: Any, tree: Any, source: str, key: str) -> Any:
    """One section of the file, after a look at what did nothing."""
    known = [field.name for field in dataclasses.fields(cls)] + ["grouplasso"] * (cls is _Top)
    for name in tree if isinstance(tree, dict) else ():
        if name not in known:
            idle = "{}.{}".format(key, name) if key else name
            hint = "remove it, or did you mean '{}'?".format(names.nearest(name, known))
            raise UserError("{}: {} did nothing in the original code; {}".format(source, idle, hint))
    return config.from_dict(cls, tree, source, prefix=key)


def _check_flag(flag: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise names.unknown(value, known, "--" + flag, flag)
