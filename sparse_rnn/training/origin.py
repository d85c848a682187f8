"""Where a run comes from: enough to repeat it and to notice when something else is going on."""

import platform
import sys
import zlib

import numpy as np

from sparse_rnn.compat import VERSION


def describe(text, restored_from=None, compacted_from=None):
    """The contents of origin.json, ready for JSON.

    Args:
      text: what is to be said of the data, enough to notice that it is other data; see :func:`of_corpus`.
      restored_from: the trained model that training begins from, if any.
      compacted_from: the trained model that this one was cut out of, if any.
    """
    return {
        "command": [sys.executable.rsplit("/", 1)[-1]] + sys.argv,
        "text": text,
        "restored_from": restored_from.checkpoint if restored_from else None,
        "compacted_from": compacted_from.checkpoint if compacted_from else None,
        "versions": {"python": platform.python_version(), "tensorflow": VERSION, "numpy": np.__version__},
    }


def of_corpus(corpus):
    """What is to be said of a language model's text; its checksum covers every word of the three splits."""
    checksum = 0
    for split in (corpus.train, corpus.valid, corpus.test):
        checksum = zlib.crc32(np.ascontiguousarray(split).tobytes(), checksum)
    return {
        "name": corpus.name,
        "words": [len(corpus.train), len(corpus.valid), len(corpus.test)],
        "vocabulary": len(corpus.vocabulary),
        "checksum": "{:08x}".format(checksum),
    }
