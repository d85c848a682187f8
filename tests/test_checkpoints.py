import glob
import os
import shutil

import numpy as np
import pytest

from sparse_rnn import checkpoints
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from tests.disk import room_for
from tests.graphs import session, variable

WEIGHTS = {
    "cell_0/kernel": np.random.RandomState(0).randn(7, 12).astype(np.float32),
    "cell_0/bias": np.random.RandomState(1).randn(12),
    "half": np.arange(3, dtype=np.float16),
    "words": np.array([3, 1, 2], np.int32),
    "flags": np.array([[True, False]]),
    "empty": np.zeros([0, 4], np.float32),
    "global_step": np.int64(1300),
    "learning_rate": np.float32(0.1),
}


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "runs" / "a")


def assert_equal(arrays, right):
    assert sorted(arrays) == sorted(right)
    for name, array in right.items():
        assert arrays[name].dtype == np.asarray(array).dtype, name
        assert np.shape(arrays[name]) == np.shape(array), name
        np.testing.assert_array_equal(arrays[name], array)


def data_file(folder):
    (path,) = glob.glob(os.path.join(folder, "*.data-*"))
    return path


def test_what_is_written_is_read_in_every_type_and_shape(folder):
    prefix = checkpoints.write(WEIGHTS, folder)
    assert prefix == os.path.join(folder, "model.ckpt")
    assert_equal(checkpoints.read(folder), WEIGHTS)
    assert_equal(checkpoints.read(prefix), WEIGHTS)


def test_the_step_is_in_the_name_and_the_newest_is_read(folder):
    for step in (7, 30, 9):
        prefix = checkpoints.write({"w": np.float32([step])}, folder, step)
        assert prefix == os.path.join(folder, "model.ckpt-{}".format(step))
    assert checkpoints.find(folder) == prefix
    assert checkpoints.read(folder)["w"] == [9.0]
    assert checkpoints.read(os.path.join(folder, "model.ckpt-30"))["w"] == [30.0]


def test_writing_and_reading_leave_the_default_graph_alone(graph, folder):
    checkpoints.write(WEIGHTS, folder)
    checkpoints.read(folder)
    assert graph.get_operations() == []


def test_a_relative_folder_is_read(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert checkpoints.write(WEIGHTS, "runs") == os.path.join("runs", "model.ckpt")
    assert_equal(checkpoints.read("runs"), WEIGHTS)
    monkeypatch.chdir(tmp_path / "runs")
    assert_equal(checkpoints.read("."), WEIGHTS)


@pytest.mark.parametrize("relative", [True, False])
def test_a_folder_that_was_moved_is_read(graph, tmp_path, relative):
    variable("w", np.float32([1, 2]))
    saver = tf.train.Saver(save_relative_paths=relative)
    with session() as running:
        checkpoints.save(saver, running, str(tmp_path / "here"), 3)
    recorded = (tmp_path / "here" / "checkpoint").read_text()
    assert (str(tmp_path) in recorded) == (not relative)
    shutil.move(str(tmp_path / "here"), str(tmp_path / "there"))
    assert checkpoints.find(str(tmp_path / "there")) == str(tmp_path / "there" / "model.ckpt-3")
    assert_equal(checkpoints.read(str(tmp_path / "there")), {"w": np.float32([1, 2])})


def test_a_copied_folder_means_its_own_checkpoint_not_the_first_ones(graph, tmp_path):
    weight = variable("w", np.float32([1, 2]))
    saver = tf.train.Saver(save_relative_paths=False)
    with session() as running:
        checkpoints.save(saver, running, str(tmp_path / "first"))
        shutil.copytree(str(tmp_path / "first"), str(tmp_path / "copy"))
        weight.load(np.float32([3, 4]), running)
        checkpoints.save(saver, running, str(tmp_path / "first"))
    np.testing.assert_array_equal(checkpoints.read(str(tmp_path / "copy"))["w"], [1, 2])


def test_a_checkpoint_recorded_in_another_folder_is_found(tmp_path):
    prefix = checkpoints.write(WEIGHTS, str(tmp_path / "elsewhere"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint").write_text('model_checkpoint_path: "{}"\n'.format(prefix))
    assert checkpoints.find(str(tmp_path / "run")) == prefix


@pytest.mark.parametrize("use_resource", [True, False])
@pytest.mark.parametrize("version", [tf.train.SaverDef.V1, tf.train.SaverDef.V2])
def test_checkpoints_of_a_saver_are_read_with_slots_and_counters(graph, tmp_path, use_resource, version):
    with tf.variable_scope("Model/RNN"):
        weight = variable("kernel", np.float32([[1, -2, 3]]), use_resource)
    step = tf.train.get_or_create_global_step()
    train_op = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(weight)), step)
    saver = tf.train.Saver(write_version=version)
    with session() as running:
        running.run(train_op)
        prefix = saver.save(running, str(tmp_path / "net"), 1)
        right = running.run({one.op.name: one for one in tf.global_variables()})
    assert "Model/RNN/kernel/Adam_1" in right
    for path in (prefix, str(tmp_path)):
        assert_equal(checkpoints.read(path), right)


def test_a_saver_restores_by_name_what_was_written(graph, folder):
    prefix = checkpoints.write(WEIGHTS, folder, step=5)
    right = {name: WEIGHTS[name] for name in ("cell_0/kernel", "cell_0/bias", "global_step")}
    variables = {name: variable(name, np.zeros_like(array)) for name, array in right.items()}
    with session() as running:
        tf.train.Saver(variables).restore(running, prefix)
        assert_equal(running.run(variables), right)


def test_where_nothing_is_one_sentence_says_so(tmp_path):
    with pytest.raises(UserError, match="there is no checkpoint at '.*nowhere'; give a run directory or a checkpoint"):
        checkpoints.read(str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="holds no checkpoint"):
        checkpoints.read(str(tmp_path))
    for content in (b"this is not what TensorFlow writes", b"\xff\xfe", b""):
        (tmp_path / "checkpoint").write_bytes(content)
        with pytest.raises(UserError, match="holds no checkpoint"):
            checkpoints.read(str(tmp_path))


def test_a_missing_index_is_named(folder):
    prefix = checkpoints.write(WEIGHTS, folder)
    os.remove(prefix + ".index")
    with pytest.raises(UserError, match="names the checkpoint '.*model.ckpt', which is not there"):
        checkpoints.read(folder)
    with pytest.raises(UserError, match="there is no checkpoint at"):
        checkpoints.read(prefix)


@pytest.mark.parametrize("damage", ["cut", "empty", "missing", "changed", "index cut", "index changed"])
def test_a_damaged_checkpoint_is_refused(folder, damage):
    prefix = checkpoints.write(WEIGHTS, folder)
    path = prefix + ".index" if damage.startswith("index") else data_file(folder)
    with open(path, "rb") as file:
        content = file.read()
    middle = len(content) // 2
    contents = {
        "cut": content[:middle],
        "empty": b"",
        "changed": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    os.remove(path)
    if damage != "missing":
        with open(path, "wb") as file:
            file.write(contents[damage.split()[-1]])
    with pytest.raises(UserError, match="checkpoint '.*model.ckpt' cannot be read, it is damaged or cut short: ."):
        checkpoints.read(folder)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(UserError, match="notes.txt"):
        checkpoints.read(str(path))


@pytest.mark.parametrize("step", [1, 2])
def test_a_full_disk_is_one_sentence_and_the_checkpoint_before_stays(folder, step):
    checkpoints.write({"w": np.float32([1])}, folder, step=1)
    with room_for(10000), pytest.raises(
        UserError, match="the checkpoint could not be written to '.*runs/a': ."
    ) as caught:
        checkpoints.write({"w": np.ones(100000, np.float32)}, folder, step)
    assert "\n" not in str(caught.value)
    assert checkpoints.find(folder).endswith("model.ckpt-1")
    assert_equal(checkpoints.read(folder), {"w": np.float32([1])})


def test_a_checkpoint_is_never_written_over_while_it_is_the_one_to_go_on_from(graph, folder, monkeypatch):
    w = variable("w", np.float32([1, 2]))
    saver, written = tf.train.Saver(max_to_keep=1), []
    save = saver.save

    def watched(running, prefix, global_step, **keys):
        target = "{}-{}".format(prefix, global_step)
        if written:
            assert checkpoints.find(folder) == written[-1] != target
        written.append(target)
        return save(running, prefix, global_step=global_step, **keys)

    monkeypatch.setattr(saver, "save", watched)
    with session() as running:
        for value in (3.0, 4.0):
            running.run(tf.assign(w, [value, 2.0]))
            checkpoints.save(saver, running, folder, 7)
    assert [os.path.basename(each) for each in written] == ["model.ckpt-7", "model.ckpt-again-7", "model.ckpt-7"]
    assert_equal(checkpoints.read(folder), {"w": np.float32([4, 2])})
    assert [name for name in os.listdir(folder) if name.endswith(".index")] == ["model.ckpt-7.index"]


def test_what_a_kill_left_to_go_on_from_is_not_written_over_either(graph, folder, monkeypatch):
    w = variable("w", np.float32([1, 2]))
    saver, written = tf.train.Saver(max_to_keep=None), []
    save = saver.save

    def killed(running, prefix, global_step, **keys):
        written.append("{}-{}".format(prefix, global_step))
        if len(written) == 3:
            raise KeyboardInterrupt
        assert len(written) == 1 or checkpoints.find(folder) != written[-1]
        return save(running, prefix, global_step=global_step, **keys)

    monkeypatch.setattr(saver, "save", killed)
    with session() as running:
        checkpoints.save(saver, running, folder, 7)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.save(saver, running, folder, 7)
        assert checkpoints.find(folder) == os.path.join(folder, "model.ckpt-again-7")
        running.run(tf.assign(w, [3, 4]))
        checkpoints.save(saver, running, folder, 7)
    assert [os.path.basename(each) for each in written[3:]] == ["model.ckpt-7"]
    assert_equal(checkpoints.read(folder), {"w": np.float32([3, 4])})


def test_others_and_halves_of_others_are_removed_and_nothing_else(folder):
    for step in (4, 40, 41):
        prefix = checkpoints.write({"w": np.float32([step])}, folder, step)
    halves = ["model.ckpt-again-41.index", "model.ckpt-42.data-00000-of-00001.tempstate71", "model.ckpt.index"]
    others = ["model.ckpt-40.index.mine", "net.index", "metrics.csv"]
    for name in halves + others:
        with open(os.path.join(folder, name), "w") as file:
            file.write("half")
    os.makedirs(os.path.join(folder, "model.ckpt-42_temp", "part"))
    checkpoints.remove_others(os.path.join(folder, "model.ckpt-4"))
    kept = ["model.ckpt-4.data-00000-of-00001", "model.ckpt-4.index"]
    assert sorted(os.listdir(folder)) == sorted(["checkpoint"] + kept + others)
    assert prefix.endswith("-41")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the checkpoint could not be written to '.*file/runs': "):
        checkpoints.write(WEIGHTS, str(tmp_path / "file" / "runs"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_one_sentence(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="the checkpoint could not be written to"):
        checkpoints.write(WEIGHTS, str(tmp_path))


def test_text_passes_through_but_for_single_strings(graph, tmp_path):
    tf.get_variable("names", initializer=["a", "bc"], trainable=False)
    tf.get_variable("one", initializer="x", trainable=False)
    with session() as running:
        tf.train.Saver().save(running, str(tmp_path / "net"))
    checkpoints.write(checkpoints.read(str(tmp_path)), str(tmp_path / "again"))
    again = checkpoints.read(str(tmp_path / "again"))
    assert {name: array.tolist() for name, array in again.items()} == {"names": [b"a", b"bc"]}


@pytest.mark.parametrize("name", ["two words", "what?", "a*b", "größe"])
def test_a_folder_may_have_almost_any_name(tmp_path, name):
    prefix = checkpoints.write(WEIGHTS, str(tmp_path / name), step=1)
    assert_equal(checkpoints.read(str(tmp_path / name)), WEIGHTS)
    assert_equal(checkpoints.read(prefix), WEIGHTS)


def test_a_folder_that_tensorflow_could_never_read_from_is_not_written_to(tmp_path):
    folder = tmp_path / "runs[1]"
    with pytest.raises(UserError, match="TensorFlow takes the '\\[' in '.*' for a pattern"):
        checkpoints.write(WEIGHTS, str(folder))
    assert not folder.exists()
    with pytest.raises(UserError, match="rename it"):
        checkpoints.find(str(folder / "model.ckpt-3"))
