"""The config of a question answering experiment: which model, how trained, what sparse."""

from dataclasses import dataclass, replace
from typing import Dict, Optional, Tuple

from bidaf import attention, structure, variables
from sparse_rnn import names
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training import options
from sparse_rnn.training.config import option


@dataclass(frozen=True)
class Model:
    """Bi-directional attention flow; the defaults are the original's."""

    hidden_size: Optional[int] = option(
        100, "units of each direction of each LSTM; null takes the sizes of `--restore_path`", minimum=1
    )
    units: Dict[str, int] = option(
        dict, "units of single groups where they differ, such as `g0_fw`; a compacted model says them here", minimum=1
    )
    use_words: bool = option(True, "read word vectors")
    use_chars: bool = option(True, "read the spelling of words")
    char_embedding: int = option(8, "width of a character's vector", minimum=1)
    char_heights: Tuple[int, ...] = option(
        (5,), "characters that the convolution spans, one entry per filter", minimum=1
    )
    char_channels: Tuple[int, ...] = option((100,), "output channels of each filter", minimum=1)
    train_word_vectors: bool = option(False, "learn the given word vectors as well")
    highway_layers: int = option(2, "highway layers between words and encoder; 0 leaves them out", minimum=0)
    share_lstm_weights: bool = option(True, "one encoder for context and question")
    logits: str = option("tri_linear", "the score that attention goes by", choices=attention.LOGITS)
    c2q: bool = option(True, "each context word attends to the question; else it sees the question's mean")
    q2c: bool = option(True, "the question attends to the context")
    no_answer: bool = option(False, "learn a score for questions that the context does not answer")
    keep_prob: float = option(0.8, "dropout keeps this share of the characters' vectors", above=0, maximum=1)
    input_keep_prob: float = option(
        0.8, "dropout keeps this share of what LSTMs and answer scores read", above=0, maximum=1
    )

    def check(self, at: options.At) -> None:
        """Hold the parts of the model against each other."""
        if not (self.use_words or self.use_chars):
            raise UserError("{}: a model without words needs use_chars.".format(at("use_words")))
        if len(self.char_heights) != len(self.char_channels) or not self.char_heights:
            raise UserError(
                "{} has {} entries and char_heights {}; each filter needs both.".format(
                    at("char_channels"), len(self.char_channels), len(self.char_heights)
                )
            )
        if len(set(self.char_heights)) < len(self.char_heights):
            raise UserError("{} lists one height twice; add the channels up.".format(at("char_heights")))
        known = variables.sizes(replace(self, units={}), 1)
        for name in self.units:
            if name not in known:
                raise names.unknown(name, known, at("units"), "group")


@dataclass(frozen=True)
class Data:
    """Which questions are used, and how far they are read."""

    question_tokens: int = option(30, "training leaves longer questions out, evaluation cuts them", minimum=1)
    context_tokens: int = option(
        400, "training leaves out what is answered further on in a context, evaluation cuts contexts", minimum=1
    )
    word_characters: int = option(16, "characters of a word that are read", minimum=1)
    within_sentences: bool = option(False, "an answer never goes over the end of a sentence")
    bucket: int = option(20, "so many batches are sorted by length together; 0 mixes all lengths", minimum=0)


@dataclass(frozen=True)
class Schedule(options.Schedule):
    """The original's rates: constant for adam; for sgd say equal_steps."""

    kind: str = options.schedule_kind("constant")
    factor: float = option(0.1, "what the learning rate is multiplied by at each decay", above=0, maximum=1)


@dataclass(frozen=True)
class Train(options.Optimization):
    """How to train; an epoch is the stretch of ``steps_per_epoch`` updates between two evaluations."""

    epochs: int = option(20, "stretches of `steps_per_epoch` updates; 0 only evaluates", minimum=0)
    steps_per_epoch: int = option(1000, "updates between two evaluations", minimum=1)
    batch_size: int = option(60, "questions per batch, of all towers together", minimum=1)
    optimizer: str = option("adam", "sgd, or adam with its default betas", choices=("sgd", "adam"))
    learning_rate: float = option(0.001, "learning rate of the first epoch", above=0)
    schedule: Schedule = option(Schedule, "how the learning rate falls")
    max_grad_norm: Optional[float] = option(
        None, "gradients are clipped to this global norm, penalties included; null clips none", above=0
    )
    average_decay: float = option(
        0.999,
        "moving average of the weights, which evaluation uses: share that stays at each update; 0 keeps none",
        minimum=0,
        maximum=1,
    )
    towers: Tuple[str, ...] = option(
        (), "devices that share a batch, such as `/gpu:0`; empty takes one, that of `--device`"
    )
    dev_questions: int = option(
        0, "evaluate on this many questions of the dev data after each epoch; 0 is all", minimum=0
    )

    def check(self, at: options.At) -> None:
        """Refuse what is no device."""
        for index, device in enumerate(self.towers):
            try:
                tf.DeviceSpec.from_string(device)
            except ValueError as error:
                raise UserError(
                    "{} is '{}', which is no TensorFlow device; an example is /gpu:0.".format(
                        at("towers.{}".format(index)), device
                    )
                ) from error


@dataclass(frozen=True)
class Experiment:
    """A whole experiment; the default is the original's dense model."""

    description: str = option("", "what the experiment is, in a sentence for the reader")
    model: Model = option(Model, "the model")
    data: Data = option(Data, "the questions")
    train: Train = option(Train, "how it is trained")
    sparsity: options.Sparsity = option(options.Sparsity, "what is made zero")

    def check(self, at: options.At) -> None:
        """Hold the names of groups and variables against the model, where its sizes are known."""
        longest = max(self.model.char_heights)
        if self.model.use_chars and self.data.word_characters < longest:
            raise UserError(
                "{} is {}, but a filter spans {} characters (model.char_heights); read at least as many.".format(
                    at("data.word_characters"), self.data.word_characters, longest
                )
            )
        if self.model.hidden_size is None:
            return
        known = variables.trained(self.model)
        options.check_names(self.sparsity, structure.all_groups(self.model), known, lambda key: at("sparsity." + key))
        options.match_names(self.train.variables, known, at("train.variables"))
