"""Where a run comes from: enough to repeat it and to notice when something else is going on."""

import platform
import sys
import zlib

import numpy as np

from sparse_rnn.compat import VERSION


def describe(corpus, restored=None):
    """The contents of origin.json, ready for JSON.

    Args:
      corpus: the text; its checksum covers every word of the three splits.
      restored: the trained model that the run begins from, if any.
    """
    checksum = 0
    for split in (corpus.train, corpus.valid, corpus.test):
        checksum = zlib.crc32(np.ascontiguousarray(split).tobytes(), checksum)
    return {
        "command": [sys.executable.rsplit("/", 1)[-1]] + sys.argv,
        "text": {
            "name": corpus.name,
            "words": [len(corpus.train), len(corpus.valid), len(corpus.test)],
            "vocabulary": len(corpus.vocabulary),
            "checksum": "{:08x}".format(checksum),
        },
        "restored_from": restored.checkpoint if restored else None,
        "versions": {"python": platform.python_version(), "tensorflow": VERSION, "numpy": np.__version__},
    }
