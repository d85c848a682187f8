import pytest


@pytest.fixture
def graph():
    """A fresh default graph; TensorFlow is imported only where a test asks for one."""
    from sparse_rnn.compat import tf

    with tf.Graph().as_default() as fresh:
        yield fresh
