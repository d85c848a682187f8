"""What the tables need to know of each trainer: configs, shapes, numbers, the training step, a batch to time."""

from dataclasses import replace

import numpy as np

import bidaf.config
import bidaf.train
import ptb.trainer
import rhns.trainer
from bidaf import batches, evaluation, prepare, restoring, structure, variables
from sparse_rnn import cost
from sparse_rnn.training import config
from sparse_rnn.training.language import comparison, train
from sparse_rnn.training.language.evaluation import LoadedLanguageModel


class _Kind:
    """A trainer.

    Args:
      script: its command, relative to the project.
      experiment: the dataclass of its config.

    Attributes:
      quality: ``{column: words for the reader}`` of what says how good a model is; the last one is drawn.
      in_metrics: ``{column: column of metrics.csv}`` of those that an unfinished run has.
      selects: the column by which the best of several rows is found.
      largest: whether its largest value is the best.
    """

    def __init__(self, script, experiment):
        self.script, self.experiment = script, experiment

    def load(self, path, overrides):
        """The experiment of a config file."""
        return config.load(self.experiment, path, overrides)

    def sizes(self, experiment, vocabulary):
        """``{group: units}`` of the model in a config."""
        return {group.name: group.size for group in self.structure(experiment.model, vocabulary)}

    def at(self, experiment, vocabulary, units):
        """The experiment with the model at ``{group: units}``; groups that are not named keep theirs."""
        sizes = dict(self.sizes(experiment, vocabulary), **units)
        return replace(experiment, model=self.resized(experiment.model, sizes))

    def cost(self, experiment, vocabulary):
        """``(weights, multiply-adds)`` of the model in a config."""
        shapes = self.shapes(experiment.model, vocabulary)
        return cost.weight_count(shapes), cost.multiply_adds(shapes, self.structure(experiment.model, vocabulary))


class Language(_Kind):
    """Trainers of language models; ``vocabulary`` is ``{"words": number}``."""

    quality = {"valid": "valid perplexity", "test": "test perplexity"}
    in_metrics = {"valid": "valid_perplexity"}
    selects, largest = "valid", False

    def __init__(self, script, trainer):
        super().__init__(script, trainer.experiment)
        self._trainer = trainer
        self.resized = trainer.resized

    def structure(self, options, vocabulary):
        """The model's UnitGroups."""
        return self._trainer.structure(options, vocabulary["words"])

    def shapes(self, options, vocabulary):
        """``{variable name: shape}`` of the trained variables."""
        return self._trainer.shapes(options, vocabulary["words"])

    def measured(self, report):
        """The columns of :attr:`quality` in a run's report.json: validation as in training, test as one stream."""
        found = report["perplexity"]
        return {"valid": found["valid"]["batched"], "test": found["test"]["full"]}

    def batch(self, experiment, vocabulary, shape):
        """A function that runs one batch of ``shape`` (sequences, steps) through the model, weights being random."""
        timed = replace(experiment, train=replace(experiment.train, batch_size=shape[0], num_steps=shape[1]))
        loaded = LoadedLanguageModel(self._trainer, timed, _random(self.shapes(timed.model, vocabulary)))
        words = np.random.RandomState(2).randint(0, vocabulary["words"], shape)
        return comparison.one_batch(loaded, (words, words))

    def data(self, experiment, data_path):
        """The text."""
        return self._trainer.load_corpus(data_path, experiment.data, None)

    def task(self, experiment, data_path):
        """The training step on real text, in the default graph."""
        return train.build(self._trainer, experiment, self.data(experiment, data_path))


class Questions(_Kind):
    """BiDAF; ``vocabulary`` has the fields of :class:`bidaf.variables.Counts`."""

    quality = {"exact_match": "exact match", "f1": "F1"}
    in_metrics = {"exact_match": "dev_em", "f1": "dev_f1"}
    selects, largest = "f1", True

    def __init__(self, script):
        super().__init__(script, bidaf.config.Experiment)
        self.resized = restoring.resized

    def structure(self, options, vocabulary):
        """The model's UnitGroups."""
        return structure.structure(options, vocabulary["word_size"])

    def shapes(self, options, vocabulary):
        """``{variable name: shape}`` of the trained variables."""
        shapes = variables.shapes(options, variables.Counts(**vocabulary))
        return {name: shapes[name] for name in variables.trained(options)}

    def measured(self, report):
        """The columns of :attr:`quality` in a run's report.json."""
        return {"exact_match": report["dev"]["exact_match"], "f1": report["dev"]["f1"]}

    def batch(self, experiment, vocabulary, shape):
        """A function that answers one batch of ``shape`` (questions, words of context, words of question)."""
        counts = variables.Counts(**vocabulary)
        reader = evaluation.Reader(experiment.model, counts)
        reader.load(_random(variables.shapes(experiment.model, counts)))
        made = _random_batch(shape, counts, experiment.data.word_characters)
        return lambda: reader.run(made)

    def data(self, experiment, data_path):
        """The prepared questions."""
        return prepare.open_data(data_path)

    def task(self, experiment, data_path):
        """The training step on real questions, in the default graph."""
        return bidaf.train.build(experiment, self.data(experiment, data_path))


def _random(shapes):
    random = np.random.RandomState(1)
    return {name: random.uniform(-0.05, 0.05, shape).astype(np.float32) for name, shape in shapes.items()}


def _random_batch(shape, counts, characters):
    random, (questions, context, question) = np.random.RandomState(2), shape
    fields = {"sentence": np.zeros([questions, context], np.int32)}
    for name, length in (("context", context), ("question", question)):
        fields[name] = random.randint(0, counts.words, [questions, length])
        fields[name + "_chars"] = random.randint(0, counts.chars, [questions, length, characters])
        fields[name + "_length"] = np.full(questions, length)
    for name in ("start", "stop", "answerable", "indices"):
        fields[name] = np.zeros(questions, np.int32)
    return batches.Batch(**fields)


KINDS = {
    "ptb": Language("ptb/train.py", ptb.trainer.TRAINER),
    "rhns": Language("rhns/train.py", rhns.trainer.TRAINER),
    "bidaf": Questions("bidaf/train.py"),
}
