import pytest

from tests import tiny


@pytest.fixture(autouse=True)
def slips_in_rules(request, monkeypatch):
    """In the tests of discovery a rule that fails at what it is given is a failure, not a pin."""
    if request.module.__name__.startswith("tests.test_discover"):
        monkeypatch.setattr("sparse_rnn.discovery.values.UNFORESEEN", ())


@pytest.fixture
def graph():
    """A fresh default graph; TensorFlow is imported only where a test asks for one."""
    from sparse_rnn.compat import tf

    with tf.Graph().as_default() as fresh:
        yield fresh


@pytest.fixture
def without_gpu(monkeypatch):
    """As on a machine without a GPU, where large computations are made one loop each."""
    from sparse_rnn import fusion

    monkeypatch.setattr(fusion, "has_gpu", lambda: False)


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory):
    """A folder with the three files of a tiny text."""
    return tiny.write_text(tmp_path_factory.mktemp("text"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory, text_folder):
    """The run directory of the language model of tests/tiny.py, trained without interruption; not to be changed."""
    from ptb import train

    folder = tmp_path_factory.mktemp("trained")
    assert train.main(tiny.arguments(folder / "run", text_folder)) == 0
    return str(folder / "run")


@pytest.fixture
def no_figures():
    """Training without figures at its end, which take longer than all the rest."""
    with tiny.without_figures():
        yield
