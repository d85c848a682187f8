"""The stacked LSTM as the commands that all language models share need to know it."""

from dataclasses import replace

from ptb import config, model, variables
from sparse_rnn.training import dropout, restoring, text
from sparse_rnn.training.language.trainer import Trainer


def _load_corpus(data_path, data, vocabulary):
    return text.load_corpus(data_path, data.max_vocabulary, vocabulary)


def _with_sizes_of(options, arrays, source):
    if options.hidden_sizes is None or options.embedding_size is None:
        found = restoring.layer_sizes(arrays, variables.kernel, source, blocks=4)
        options = replace(options, hidden_sizes=options.hidden_sizes or found)
    if options.embedding_size is None:
        options = replace(options, embedding_size=restoring.width(arrays, variables.EMBEDDING, source))
    return options


def _resized(options, sizes):
    layers = range(len(options.hidden_sizes))
    return replace(
        options,
        hidden_sizes=tuple(sizes[variables.group(layer)] for layer in layers),
        embedding_size=sizes[variables.EMBEDDING_GROUP],
    )


def _masks(options, vocabulary_size, seed, step, words):
    return dropout.by_step(options.keep_prob, seed, step)


TRAINER = Trainer(
    experiment=config.Experiment,
    embedding=variables.EMBEDDING,
    load_corpus=_load_corpus,
    load_vocabulary=lambda path, data: text.Vocabulary.load(path),
    shapes=variables.shapes,
    with_sizes_of=_with_sizes_of,
    resized=_resized,
    structure=lambda options, vocabulary_size: model.structure(options),
    weights=model.weights,
    state_sizes=model.state_sizes,
    carried_state=model.carried_state,
    masks=_masks,
    logits=model.logits,
    project_words=model.project_words,
    logits_of_projected=model.logits_of_projected,
)
