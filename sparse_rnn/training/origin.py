"""Where a run comes from: enough to repeat it and to notice when something else is going on."""

import glob
import os
import platform
import re
import sys
import zlib

import numpy as np

from sparse_rnn import files
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError


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
        "versions": {"python": platform.python_version(), "tensorflow": tf.version.VERSION, "numpy": np.__version__},
        "machine": machine(),
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


def machine():
    """Processors, their widest vectors, GPUs, compilation, versions: what a figure depends on and anybody may know."""
    parts = ["{} cores".format(os.cpu_count()), _vectors()] + _gpus()
    if re.search("--tf_xla_auto_jit=(?!0)", os.environ.get("TF_XLA_FLAGS", "")):
        parts.append("compiled by XLA")
    versions = ["Python " + platform.python_version(), "TensorFlow " + tf.version.VERSION]
    return "{}; {}".format(", ".join(parts), ", ".join(versions))


def _gpus():
    """The models that NVIDIA's driver tells."""
    told = [files.read_text(path) for path in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information"))]
    lines = [line.partition(":") for text in told for line in text.splitlines()]
    return [value.strip() for name, _, value in lines if name.strip() == "Model"]


def _vectors():
    try:
        flags = files.read_text("/proc/cpuinfo")
    except UserError:
        return platform.machine()
    return next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), "no AVX2")
