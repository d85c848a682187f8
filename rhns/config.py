"""The config of a highway network experiment: which model, which text, how trained, what sparse."""

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

from rhns import variables
from sparse_rnn.errors import UserError
from sparse_rnn.training import config, options
from sparse_rnn.training.config import option


@dataclass(frozen=True)
class Model:
    """Recurrent highway layers between an embedding and a softmax."""

    hidden_sizes: Optional[Tuple[int, ...]] = option(
        (830,), "units of each layer, the first layer first; null takes those of `--restore_path`", minimum=1
    )
    depth: int = option(10, "highway cells that the state passes through at each time step", minimum=1)
    tied: bool = option(True, "the softmax uses the embedding's matrix")
    embedding_size: Optional[int] = option(
        None,
        "width of the word vectors; null takes that of `--restore_path`, or else the first layer's, or the size of the "
        "vocabulary where that is smaller; with `tied` it is the last layer's",
        minimum=1,
    )
    keep_words: float = option(
        0.75, "variational dropout keeps a word type in a row of the batch with this probability", above=0, maximum=1
    )
    keep_inputs: float = option(0.25, "variational dropout keeps this share of each layer's inputs", above=0, maximum=1)
    keep_states: float = option(
        0.75, "variational dropout keeps this share of the state wherever a cell reads it", above=0, maximum=1
    )
    keep_outputs: float = option(
        0.25, "variational dropout keeps this share of the last layer's outputs", above=0, maximum=1
    )
    init_scale: float = option(0.04, "initial weights are uniform in [-init_scale, init_scale]", above=0)
    init_bias: float = option(-2.0, "initial biases of the transform gates")

    def check(self, at: options.At) -> None:
        """A model has at least one layer, and in a tied one the embedding is as wide as the last."""
        if self.hidden_sizes == ():
            raise UserError("{} is empty; it must hold the size of at least one layer.".format(at("hidden_sizes")))
        if self.tied and self.embedding_size is not None:
            if self.hidden_sizes is None or self.embedding_size != self.hidden_sizes[-1]:
                raise UserError(
                    "{} is {}; with model.tied it is the size of the last layer, so leave it null.".format(
                        at("embedding_size"), self.embedding_size
                    )
                )


@dataclass(frozen=True)
class Data:
    """Which text."""

    kind: str = option(
        "words",
        "words: a folder, text file or built-in corpus as for `ptb`; characters: every byte of one file is a symbol",
        choices=("words", "characters"),
    )
    max_vocabulary: Optional[int] = option(
        None, "words: keep the most frequent only, this many with `<unk>`, which stands for the rest", minimum=2
    )

    def check(self, at: options.At) -> None:
        """A text of characters keeps them all."""
        if self.kind == "characters" and self.max_vocabulary is not None:
            raise UserError("{} is for words; characters are all kept.".format(at("max_vocabulary")))


@dataclass(frozen=True)
class Experiment:
    """A whole experiment."""

    description: str = option("", "what the experiment is, in a sentence for the reader")
    model: Model = option(Model, "the language model")
    data: Data = option(Data, "the text")
    train: options.Train = option(options.Train, "how it is trained")
    sparsity: options.Sparsity = option(options.Sparsity, "what is made zero")

    def check(self, at: options.At) -> None:
        """Hold the names of groups and variables against the model, where its number of layers is known."""
        model = self.model
        if model.hidden_sizes is None:
            return
        known = list(variables.shapes(model, vocabulary_size=1))
        groups = variables.all_groups(len(model.hidden_sizes), model.tied)
        options.check_names(self.sparsity, groups, known, lambda key: at("sparsity." + key))
        options.match_names(self.train.variables, known, at("train.variables"))


def load_experiment(path: str, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment of a JSON file, with single keys replaced (``"train.epochs=5"``).

    Raises:
      UserError: the file cannot be read or says what is not allowed.
    """
    return config.load(Experiment, path, overrides)


def from_flags(flags: Any) -> Optional[Experiment]:
    """The Experiment of ``--config`` and ``--set``; None where a run's own config is meant."""
    return None if flags.config is None else load_experiment(flags.config, flags.overrides)
