"""What a trainer of language models tells the shared commands of its model."""

from dataclasses import dataclass
from typing import Any, Callable

from sparse_rnn.training import command_line


@dataclass(frozen=True)
class Trainer:
    """A kind of language model.

    In all functions ``options`` is the model section of the trainer's config, a *state* any nest of tensors or
    variables whose form the trainer chooses, and ``masks`` what decides dropout, None outside training.

    Attributes:
      experiment: the dataclass of its config; it has the sections ``model``, ``data``, ``train`` and ``sparsity``.
      embedding: name of the variable ``[V, width]`` that has a row per word.
      load_corpus: maps (data_path, the data section, vocabulary or None) to a Corpus.
      load_vocabulary: maps (path, the data section) to the vocabulary that a run wrote there.
      shapes: maps (options, V) to ``{variable name: shape}`` of the trainable variables.
      with_sizes_of: maps (options, arrays or None, source) to options whose open sizes (null) are those of the arrays.
      resized: maps (options, ``{group: units}``) to options with those sizes.
      structure: maps (options, V) to the model's UnitGroups, with the states that training carries.
      weights: makes the trainable variables of (options, V, seed) in the default graph, in any form.
      state_sizes: maps options to the state's form, with the number of units in place of each tensor ``[B, units]``.
      carried_state: makes the state's variables of (options, batch size, scope, collection), zero at first.
      masks: maps (options, V, seed, step, words ``[B, T]``) to the masks of one training step.
      logits: maps (words ``[B, T]``, state, weights, options, masks) to (logits ``[T * B, V]``, last state).
      project_words: maps (words ``[N]``, weights, options) to what they give to the first layer's gates ``[N, k]``.
      logits_of_projected: maps (what ``project_words`` gave ``[N, k]``, words ``[B, T]`` as rows of it, state, weights,
        options) to what ``logits`` gives without masks.
      data_help: what ``--data_path`` takes.
    """

    experiment: type
    embedding: str
    load_corpus: Callable[..., Any]
    load_vocabulary: Callable[..., Any]
    shapes: Callable[..., Any]
    with_sizes_of: Callable[..., Any]
    resized: Callable[..., Any]
    structure: Callable[..., Any]
    weights: Callable[..., Any]
    state_sizes: Callable[..., Any]
    carried_state: Callable[..., Any]
    masks: Callable[..., Any]
    logits: Callable[..., Any]
    project_words: Callable[..., Any]
    logits_of_projected: Callable[..., Any]
    data_help: str = command_line.DATA_HELP

    def vocabulary_size(self, arrays):
        """Number of words that a model with these arrays knows."""
        return arrays[self.embedding].shape[0]
