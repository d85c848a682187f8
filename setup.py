"""Installation: the library ``sparse_rnn``, the trainers, and the command ``sparse-rnn``."""

import re
from pathlib import Path

from setuptools import find_packages, setup

INIT = (Path(__file__).parent / "sparse_rnn" / "__init__.py").read_text(encoding="utf-8")

# The reference platform is TensorFlow 1.15, the last of its line, on Python 3.7. Its metadata has no upper
# limit for protobuf and h5py, and it breaks with the newest of either.
TENSORFLOW_1 = [
    'tensorflow==1.15.*; python_version < "3.8"',
    'numpy>=1.16,<1.19; python_version < "3.8"',
    'protobuf<3.21; python_version < "3.8"',
    'h5py<3; python_version < "3.8"',
]
# Not the smaller tensorflow-cpu: it owns the same files as tensorflow, so the extra "gpu" would leave two
# packages on top of each other.
TENSORFLOW_2 = [
    'tensorflow==2.13.*; python_version == "3.8"',
    'tensorflow>=2.16; python_version >= "3.9"',
    'numpy; python_version >= "3.8"',
]

setup(
    name="sparse_rnn",
    version=re.search(r'^__version__ = "(.+)"$', INIT, re.MULTILINE).group(1),
    description="Recurrent networks made small with Intrinsic Sparse Structures",
    author="The sparse_rnn authors",
    license="Apache-2.0",
    python_requires=">=3.7",
    packages=find_packages(include=["sparse_rnn*", "ptb*", "rhns*", "bidaf*", "paper*"]),
    package_data={"": ["configs/*.json", "tables/*.json", "*.html"]},
    entry_points={"console_scripts": ["sparse-rnn=sparse_rnn.cli:main"]},
    install_requires=TENSORFLOW_1 + TENSORFLOW_2 + ["tensorboard", "tqdm", "matplotlib>=3"],
    extras_require={
        "gpu": ['tensorflow[and-cuda]>=2.16; python_version >= "3.9"'],
        "bidaf": ["nltk"],
        "benchmarks": [name + '; python_version >= "3.9"' for name in ("torch", "onnx", "onnxruntime")],
        # One ruff for everybody: what it calls formatted changes from minor version to minor version.
        "dev": ["pytest", "pytest-xdist>=3.5", "hypothesis", "nltk"]
        + [name + '; python_version >= "3.9"' for name in ("ruff==0.17.*", "mypy>=1.19,<3")],
    },
)
