"""The config of a language model experiment: which model, which words, how trained, what sparse."""

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

from ptb import original_config, variables
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options
from sparse_rnn.training.config import option


@dataclass(frozen=True)
class Model:
    """Stacked LSTM layers between an embedding and a softmax."""

    hidden_sizes: Optional[Tuple[int, ...]] = option(
        (200, 200), "units of each LSTM layer, the first layer first; null takes those of `--restore_path`", minimum=1
    )
    embedding_size: Optional[int] = option(
        200, "width of the word vectors; null takes that of `--restore_path`", minimum=1
    )
    keep_prob: float = option(
        1.0, "dropout keeps this share of the word vectors and of each layer's outputs", above=0, maximum=1
    )
    init_scale: float = option(0.1, "initial weights are uniform in [-init_scale, init_scale]", above=0)
    forget_bias: float = option(0.0, "added to the forget gate")

    def check(self, at: options.At) -> None:
        """A model has at least one layer."""
        if self.hidden_sizes == ():
            raise UserError("{} is empty; it must hold the size of at least one layer.".format(at("hidden_sizes")))


@dataclass(frozen=True)
class Data:
    """Which words the model knows."""

    max_vocabulary: Optional[int] = option(
        None, "keep the most frequent words only, this many with `<unk>`, which stands for the rest", minimum=2
    )


@dataclass(frozen=True)
class Experiment:
    """A whole experiment; the default is the tutorial's small model."""

    description: str = option("", "what the experiment is, in a sentence for the reader")
    model: Model = option(Model, "the language model")
    data: Data = option(Data, "the words")
    train: options.Train = option(options.Train, "how it is trained")
    sparsity: options.Sparsity = option(options.Sparsity, "what is made zero")

    def check(self, at: options.At) -> None:
        """Hold the names of groups and variables against the model, where its number of layers is known."""
        if self.model.hidden_sizes is None:
            return
        layers = len(self.model.hidden_sizes)
        known = variables.all_variables(layers)
        options.check_names(self.sparsity, variables.all_groups(layers), known, lambda key: at("sparsity." + key))
        options.match_names(self.train.variables, known, at("train.variables"))


def load_experiment(
    path: str, model: Optional[str] = None, overrides: Sequence[str] = (), **flags: Optional[str]
) -> Experiment:
    """The experiment of a JSON file, in our format or the original's.

    Args:
      path: the file.
      model: with a file of the original, the name of its model (``sparselarge``); None with ours.
      overrides: ``"train.epochs=5"``, in our format's keys in either case.
      **flags: the original's other flags, for its files only: ``optimizer``, ``regularizer``, ``freeze_mode``.

    Raises:
      UserError: the file cannot be read or says what is not allowed.
    """
    tree = config.read_json(path)
    given = {name: value for name, value in dict(flags, model=model).items() if value is not None}
    if original_config.is_original(tree):
        return config.override(from_original(tree, path, **given), overrides)
    for flag in given:
        raise UserError("--{}: {} is a config of this project, which says that itself; use --set.".format(flag, path))
    return config.load(Experiment, path, overrides)


def add_model_flag(parser: Any) -> None:
    """``--model``, the half of an experiment that the original's files leave out."""
    known = ", ".join(original_config.MODELS)
    parser.add_argument("--model", help="with a JSON file of the original code, one of {}".format(known))


def from_flags(flags: Any) -> Optional[Experiment]:
    """The Experiment of ``--config``, with ``--model`` and ``--set``; None where a run's own config is meant."""
    if flags.config is not None:
        return load_experiment(flags.config, flags.model, flags.overrides)
    if flags.model is not None:
        raise UserError("--model: it is for a --config of the original code; a run has its own.")
    return None


def from_original(tree: Any, source: str, **flags: str) -> Experiment:
    """The experiment that a file of the original means; :func:`ptb.original_config.translate` has the arguments."""
    return config.from_dict(Experiment, original_config.translate(tree, source, **flags), source)
