"""A BiDAF of a dozen units, batches of random questions, and runs that take seconds."""

import json

import numpy as np

from bidaf import model, variables
from bidaf.batches import Batch
from bidaf.config import Experiment
from sparse_rnn.training.config import from_dict
from tests import questions

#: All widths differ, so that a mixed-up axis fails.
MODEL = {
    "hidden_size": 5,
    "units": {"u1_bw": 4, "g0_fw": 3, "g1_bw": 6, "g2_fw": 7},
    "char_embedding": 3,
    "char_channels": [4],
    "keep_prob": 1.0,
    "input_keep_prob": 1.0,
}
COUNTS = variables.Counts(words=6, glove=5, chars=7, word_size=8)
LENGTHS, QUESTION_LENGTHS = [9, 6, 1], [3, 1, 4]


def experiment(**keys):
    """The Experiment of the tiny model; ``keys`` are further ones of its model section."""
    return from_dict(Experiment, {"model": dict(MODEL, **keys)}, "test")


def options(**keys):
    return experiment(**keys).model


def arrays(chosen, seed=3, counts=COUNTS):
    """Random values for every variable: ``{name: array}``."""
    random = np.random.RandomState(seed)
    shapes = variables.shapes(chosen, counts)
    return {name: random.uniform(-0.8, 0.8, shape).astype(np.float32) for name, shape in shapes.items()}


def batch(seed=4, lengths=LENGTHS, question_lengths=QUESTION_LENGTHS, longest=None, word=6):
    """Random questions in a Batch; ``longest`` pads further than needed."""
    random = np.random.RandomState(seed)
    rows = len(lengths)

    def side(lengths, width):
        ids, chars = np.zeros([rows, width], np.int32), np.zeros([rows, width, word], np.int32)
        for row, length in enumerate(lengths):
            ids[row, :length] = random.randint(COUNTS.words + COUNTS.glove, size=length)
            chars[row, :length] = random.randint(COUNTS.chars, size=[length, word])
        return ids, chars

    width = longest or max(lengths)
    context, context_chars = side(lengths, width)
    question, question_chars = side(question_lengths, max(question_lengths))
    start = np.array([random.randint(length) for length in lengths], np.int32)
    stop = np.array([random.randint(first, length) for first, length in zip(start, lengths)], np.int32)
    sentence = np.where(np.arange(width) < np.array(lengths)[:, np.newaxis], 0, -1)
    return Batch(
        context=context,
        context_chars=context_chars,
        context_length=np.array(lengths, np.int32),
        sentence=sentence,
        question=question,
        question_chars=question_chars,
        question_length=np.array(question_lengths, np.int32),
        start=start,
        stop=stop,
        answerable=np.ones(rows, np.int32),
        indices=np.arange(rows),
    )


def placed(values):
    """Constants in place of variables: ``{name: tensor}``."""
    from sparse_rnn.compat import tf

    return {name: tf.constant(array) for name, array in values.items()}


def fed(data):
    """The Inputs as constants."""
    from sparse_rnn.compat import tf

    return model.Inputs(*(tf.constant(getattr(data, name)) for name in model.Inputs._fields))


#: Adam, dropout, moving averages, a penalty that kills units, and a checkpoint after every step.
CONFIG = {
    "model": dict(MODEL, keep_prob=0.9, input_keep_prob=0.8, highway_layers=1),
    "train": {
        "epochs": 2,
        "steps_per_epoch": 4,
        "batch_size": 3,
        "learning_rate": 0.05,
        "average_decay": 0.7,
        "checkpoint_minutes": 1e-6,
    },
    "sparsity": {
        "penalties": [{"kind": "units", "strength": 5.0, "groups": ["g0_*", "g2_*"]}],
        "threshold": 0.05,
    },
}

PEOPLE, PLACES = ("Anna", "Boris", "Carla", "David"), ("Oslo", "Riga", "Vienna", "Lisbon")


def write_data(folder):
    """Question files in a folder; returns their paths (train, dev)."""
    paths = []
    for split, count in (("train", 7), ("dev", 3)):
        articles = []
        for number in range(count):
            who, other = PEOPLE[number % 4], PEOPLE[(number + 1) % 4]
            where, there = PLACES[number % 3], PLACES[(number + 2) % 4]
            context = "{} lives in {}. {} was born in {}.".format(who, where, other, there)
            asked = [("{}{}a".format(split, number), "Where does {} live?".format(who), [where])]
            asked.append(("{}{}b".format(split, number), "Who was born in {}?".format(there), [other]))
            articles.append(questions.article(context, asked))
        paths.append(questions.write(folder / (split + ".json"), *articles))
    return paths


def write_config(path, tree=None):
    path.write_text(json.dumps(CONFIG if tree is None else tree))
    return str(path)
