"""Which batches an experiment reads, and what its vocabulary means for the model's sizes."""

from bidaf import variables
from bidaf.batches import Batches, Limits


def counts_of(vocabulary):
    """The :class:`bidaf.variables.Counts` of a :class:`bidaf.vocabulary.Vocabulary`."""
    return variables.Counts(
        words=vocabulary.trained_size,
        glove=len(vocabulary.fixed),
        chars=vocabulary.character_size,
        word_size=vocabulary.vector_size,
    )


def training_batches(experiment, split):
    """The Batches to train on; those of every epoch are others."""
    train = experiment.train
    return Batches(
        split,
        train.batch_size,
        _limits(experiment),
        seed=train.seed,
        training=True,
        bucket=experiment.data.bucket,
        unanswerable=experiment.model.no_answer,
    )


def evaluation_batches(experiment, split, questions=0):
    """The Batches of the first so many questions of a split, of all of them where it is 0."""
    return Batches(split, experiment.train.batch_size, _limits(experiment), first=questions)


def _limits(experiment):
    data = experiment.data
    return Limits(data.question_tokens, data.context_tokens, data.word_characters, data.within_sentences)
