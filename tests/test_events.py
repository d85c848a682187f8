import os
import resource

import pytest

from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.training.events import Events
from tests import tiny


def read(folder):
    """All events in a folder, in the order in which TensorBoard reads them."""
    paths = sorted(os.path.join(str(folder), name) for name in os.listdir(str(folder)) if "tfevents" in name)
    return [event for path in paths for event in tf.train.summary_iterator(path)]


def points(events):
    return [(event.step, value.tag, value.simple_value) for event in events for value in event.summary.value]


def test_scalars_graph_and_version_are_in_the_file_as_soon_as_they_are_written(tmp_path, graph):
    tf.constant(1.0, name="one")
    events = Events(str(tmp_path), graph)
    events.scalars({"loss/train": 4.5, "units/lstm_0/kept": 7}, 31)
    events.scalars({"loss/train": 4.25}, 62)
    found = read(tmp_path)
    assert found[0].file_version == "brain.Event:2"
    assert [node.name for node in tf.GraphDef.FromString(found[1].graph_def).node] == ["one"]
    assert points(found) == [(31, "loss/train", 4.5), (31, "units/lstm_0/kept", 7.0), (62, "loss/train", 4.25)]
    assert all(event.wall_time > 1e9 for event in found)


def test_a_run_that_goes_on_hides_later_points_of_the_process_before(tmp_path, graph):
    Events(str(tmp_path), graph).goes_on_after(40)
    started = [event for event in read(tmp_path) if event.HasField("session_log")]
    assert [(event.step, event.session_log.status) for event in started] == [(41, tf.SessionLog.START)]


def test_tensorboard_reads_it_with_its_tags(trained):
    tensorboard = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    accumulator = tensorboard.EventAccumulator(trained)
    accumulator.Reload()
    rows = tiny.table(trained)
    tags = accumulator.Tags()
    assert tags["graph"]
    for tag, column in [
        ("loss/train", "train_loss"),
        ("cost/weights_after_removal", "weights_after"),
        ("loss/penalty", "penalty"),
        ("perplexity/train", "train_perplexity"),
        ("perplexity/valid", "valid_perplexity"),
        ("train/learning_rate", "learning_rate"),
        ("units/lstm_0/kept", "units/lstm_0/kept"),
    ]:
        found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        assert found == [(row["step"], pytest.approx(row[column], rel=1e-6)) for row in rows]
    assert {tag.split("/")[0] for tag in tags["scalars"]} == {
        "cost",
        "loss",
        "perplexity",
        "sparsity",
        "train",
        "units",
    }


def test_a_full_disk_is_one_sentence(tmp_path, graph):
    events = Events(str(tmp_path), graph)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(UserError, match=r"tfevents.*: cannot be written: .*File too large\.$"):
            for step in range(100):
                events.scalars({"loss/train": 1.0}, step)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_that_is_none_is_one_sentence(tmp_path, graph):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written: .*Not a directory"):
        Events(str(tmp_path / "file"), graph)
