"""The highway network as the commands that all language models share need to know it."""

from dataclasses import replace

from rhns import config, data, model, noise, variables
from sparse_rnn.training import command_line, restoring
from sparse_rnn.training.language.trainer import Trainer


def _with_sizes_of(options, arrays, source):
    if options.hidden_sizes is None:
        found = restoring.layer_sizes(arrays, lambda layer: variables.matrix(layer, "h", 0), source)
        options = replace(options, hidden_sizes=found)
    if arrays is not None and options.embedding_size is None and not options.tied:
        options = replace(options, embedding_size=restoring.width(arrays, variables.EMBEDDING, source))
    return options


def _resized(options, sizes):
    layers = range(len(options.hidden_sizes))
    return replace(
        options,
        hidden_sizes=tuple(sizes[variables.group(layer)] for layer in layers),
        embedding_size=sizes.get(variables.EMBEDDING_GROUP),
    )


TRAINER = Trainer(
    experiment=config.Experiment,
    embedding=variables.EMBEDDING,
    load_corpus=data.load_corpus,
    load_vocabulary=data.load_vocabulary,
    shapes=variables.shapes,
    with_sizes_of=_with_sizes_of,
    resized=_resized,
    structure=model.structure,
    weights=model.weights,
    state_sizes=model.state_sizes,
    carried_state=model.carried_state,
    masks=noise.of_step,
    logits=model.logits,
    project_words=model.project_words,
    logits_of_projected=model.logits_of_projected,
    data_help=command_line.DATA_HELP + "; with data.kind=characters one file, or a folder with enwik8 or text8",
)
