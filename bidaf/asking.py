"""Questions that a trained model has not been prepared for: of a file, or of one person."""

import numpy as np

from bidaf import prepare, variables
from sparse_rnn.errors import UserError


def questions(restored, dataset, name, glove=None):
    """What a trained model needs to answer questions.

    Words that it does not know get a vector where one can be had: random ones can be had of every word, GloVe's out of
    the file that the data was prepared with. A model whose word vectors were cut reads such words as unknown.

    Args:
      restored: the :class:`bidaf.restoring.Restored`.
      dataset: the :class:`bidaf.squad.Dataset`; it need not hold answers.
      name: what to call the split.
      glove: that file.

    Returns:
      The :class:`bidaf.data.Split`, the model's arrays, and a sentence for each question or answer without use.

    Raises:
      UserError: the model does not say which words it knows, or the GloVe file cannot be used.
    """
    vocabulary, arrays = restored.vocabulary, restored.arrays
    if vocabulary is None:
        raise UserError(
            "'{}' has no vocabulary beside it; give the run directory it is of.".format(restored.checkpoint)
        )
    split, left_out = prepare.questions(dataset, name, vocabulary)
    wider = vocabulary.covering(split.table.tokens, glove)
    added = wider.fixed_vectors[len(vocabulary.fixed) :]
    given = arrays.get(variables.GLOVE)
    if given is not None and len(added) and added.shape[1] == given.shape[1]:
        arrays[variables.GLOVE] = np.concatenate([given, added])
        split, left_out = prepare.questions(dataset, name, wider)
    return split, arrays, left_out
