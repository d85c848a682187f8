"""The language model that the benchmarks train and run: its configs, its weights, its text, in numpy alone."""

import os

import numpy as np

from ptb import config, variables
from sparse_rnn.training import text

SIZES = ("small", "medium", "large")
VOCABULARY = 10000
#: The paper's penalty, on both layers.
ISS = 'sparsity.penalties=[{"kind": "units", "strength": 0.00245, "groups": ["lstm_0", "lstm_1"]}]'

_CONFIGS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ptb", "configs")


def experiment(size, overrides=()):
    """The experiment of one of :data:`SIZES`: 200, 650 or 1500 units, with its batch, steps and dropout."""
    return config.load_experiment(os.path.join(_CONFIGS, size + ".json"), None, overrides)


def corpus(words_per_split=30000, vocabulary=VOCABULARY):
    """Random words: the time of a step does not depend on which words they are."""
    random = np.random.RandomState(0)
    splits = [random.randint(0, vocabulary, words_per_split).astype(np.int32) for _ in text.SPLITS]
    words = ["w{}".format(index) for index in range(vocabulary - 1)] + [text.UNKNOWN]
    return text.Corpus(*splits, text.Vocabulary(words), {}, "random words")


def arrays(options, vocabulary=VOCABULARY, shapes_of=variables.shapes):
    """``{variable name: array}``, float32, uniform as at the beginning of training; ``shapes_of`` is the trainer's."""
    random = np.random.RandomState(1)
    scale = options.init_scale
    shapes = shapes_of(options, vocabulary)
    return {name: random.uniform(-scale, scale, shape).astype(np.float32) for name, shape in shapes.items()}


def logits(weights, words):
    """The scores of the next word ``[T, B, V]`` for ``words [B, T]`` from a state of zeros: the reference."""
    outputs, layer = weights[variables.EMBEDDING][words.T], 0
    while variables.kernel(layer) in weights:
        outputs = _lstm(outputs, weights[variables.kernel(layer)], weights[variables.bias(layer)])
        layer += 1
    return outputs @ weights[variables.SOFTMAX_W] + weights[variables.SOFTMAX_B]


def _lstm(inputs, kernel, bias):
    c = h = np.zeros([inputs.shape[1], kernel.shape[1] // 4], inputs.dtype)
    outputs = []
    for x in inputs:
        i, j, f, o = np.split(np.concatenate([x, h], axis=1) @ kernel + bias, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(j)
        h = _sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))
