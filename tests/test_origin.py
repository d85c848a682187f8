"""What is said of the machine that a run was made on."""

import pytest

from sparse_rnn.training import origin


@pytest.mark.parametrize(
    "flags, told",
    [
        ("--tf_xla_auto_jit=2", True),
        ("--tf_xla_min_cluster_size=2 --tf_xla_auto_jit=1", True),
        ("--tf_xla_auto_jit=0", False),
        ("", False),
    ],
)
def test_a_step_that_xla_compiles_is_told(monkeypatch, flags, told):
    monkeypatch.setenv("TF_XLA_FLAGS", flags)
    assert ("compiled by XLA" in origin.machine()) is told


def test_cores_vectors_and_versions_are_told(monkeypatch):
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    assert " cores, " in origin.machine() and "; Python 3." in origin.machine() and ", TensorFlow " in origin.machine()
