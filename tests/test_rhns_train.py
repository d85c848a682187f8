"""What training the highway network leaves behind, what it refuses, and that an interruption changes nothing."""

import os
import re

import numpy as np
import pytest

from rhns import config, evaluate, model, train
from rhns.trainer import TRAINER
from sparse_rnn import checkpoints, group_files, groups
from sparse_rnn.compat import tf, variables_by_name
from sparse_rnn.errors import UserError
from sparse_rnn.training import penalties
from sparse_rnn.training.language import restoring
from tests import original_files, tiny, tiny_rhns
from tests.interruptions import Killed, kill_at


@pytest.fixture
def run(tmp_path):
    return str(tmp_path / "run")


@pytest.fixture(scope="module")
def trained_rhn(tmp_path_factory, text_folder):
    """The run directory of the network of tests/tiny_rhns.py; not to be changed."""
    run = str(tmp_path_factory.mktemp("rhns") / "run")
    with tiny.without_figures():
        assert train.main(tiny_rhns.arguments(run, text_folder)) == 0
    return run


def refusal(arguments, main=train.main):
    with pytest.raises(UserError) as caught:
        main(arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_training_learns_and_units_die(trained_rhn):
    rows = tiny.table(trained_rhn)
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 34), (2, 68)]
    assert rows[1]["train_loss"] < rows[0]["train_loss"] < np.log(11)
    assert rows[1]["units/rhn_0/kept"] < rows[1]["units/rhn_0/size"] == 7
    restored = restoring.restore(TRAINER, trained_rhn)
    shapes = {name: array.shape for name, array in checkpoints.read(trained_rhn).items()}
    assert group_files.load(os.path.join(trained_rhn, "structure.json"), shapes) == restored.structure
    together = np.abs(np.concatenate([array.ravel() for array in restored.arrays.values()]))
    assert not ((together > 0) & (together < 0.02)).any()


def test_the_training_loss_has_no_penalty_in_it(trained_rhn, text_folder, run, no_figures):
    heavy = ["train.weight_decay=100.0", "train.epochs=1", "train.learning_rate=1e-12"]
    assert train.main(tiny_rhns.arguments(run, text_folder, *heavy)) == 0
    (row,) = tiny.table(run)
    assert row["penalty"] > 100 > 2 * np.log(11) > row["train_loss"]


def test_weight_decay_is_half_the_sum_of_squares(graph):
    experiment = config.config.from_dict(config.Experiment, tiny_rhns.CONFIG, "test")
    model.weights(experiment.model, 11, seed=1)
    decay = penalties.weight_decay(experiment.train)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, arrays = session.run([decay, variables_by_name()])
    assert found == pytest.approx(1e-6 * sum(np.square(each).sum() for each in arrays.values()) / 2, rel=1e-5)


def test_an_interrupted_run_ends_in_the_same_numbers(trained_rhn, text_folder, run, no_figures):
    arguments = tiny_rhns.arguments(run, text_folder)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, checkpoints, "save", call=50)
        train.main(arguments)
    assert train.main(arguments) == 0
    assert tiny.table(run) == tiny.table(trained_rhn)
    assert tiny.same_weights(tiny.weights(run), tiny.weights(trained_rhn))


def test_training_goes_on_from_a_runs_weights(trained_rhn, text_folder, run, no_figures):
    more = ["train.epochs=1", "model.hidden_sizes=null"]
    assert train.main(tiny_rhns.arguments(run, text_folder, *more, restore_path=trained_rhn)) == 0
    assert restoring.restore(TRAINER, run).experiment.model.hidden_sizes == (7,)
    assert tiny.table(run)[0]["train_loss"] < tiny.table(trained_rhn)[0]["train_loss"]


def test_every_group_of_a_file_of_the_original_is_penalised(graph, tmp_path):
    (whole,) = original_files.rhn_file(7, depth=2)["groups"]
    halves = [
        [dict(entry, start=entry["start"] + first, end=entry["start"] + end) for entry in whole]
        for first, end in ((0, 3), (3, 7))
    ]
    path = tiny.write_config(tmp_path / "groups.json", {"comments": [], "groups": halves})
    sparsity = {"penalties": [{"kind": "units", "strength": 0.005, "group_file": path}]}
    experiment = config.config.from_dict(config.Experiment, tiny_rhns.tree(sparsity=sparsity), "test")
    model.weights(experiment.model, 11, seed=1)
    total = penalties.total(experiment.sparsity, model.structure(experiment.model, 11))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found, arrays = session.run([total, variables_by_name()])
    expected = 0.0
    for entries in halves:
        squares = [
            np.square(arrays[each["var_name"]].astype(np.float64)).sum(axis=each["axis"])[each["start"] : each["end"]]
            for each in entries
        ]
        expected += 0.005 * np.sqrt(np.sum(squares, axis=0) + 1e-8).sum()
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_file_of_the_original_is_the_structure_without_biases(tmp_path):
    experiment = config.config.from_dict(config.Experiment, tiny_rhns.CONFIG, "test")
    shapes = original_files.rhn_shapes(7, depth=2, vocabulary=11)
    path = tiny.write_config(tmp_path / "groups.json", original_files.rhn_file(7, depth=2))
    (ours,), (theirs,) = model.structure(experiment.model, 11), group_files.load(path, shapes)

    def places(group):
        return {(part.variable, part.axis, part.start) for part in group.select(groups.PENALISED)}

    assert places(ours) == places(theirs)


def test_a_checkpoint_with_the_originals_names_loads(trained_rhn, text_folder, tmp_path, capsys):
    arrays = dict(restoring.restore(TRAINER, trained_rhn).arrays, **{"model/Variable": np.float32(0.2)})
    prefix = checkpoints.write(arrays, str(tmp_path / "old"))
    path = tiny.write_config(tmp_path / "config.json", tiny_rhns.CONFIG)
    for flags in (["--restore_path=" + prefix, "--config=" + path], ["--restore_path=" + trained_rhn]):
        assert evaluate.main(flags + ["--data_path=" + text_folder]) == 0
    said = re.findall(r"(\w+ perplexity [\d.]+ \w+)\n", capsys.readouterr().out)
    assert len(said) == 8 and said[:4] == said[4:]


def test_characters_are_counted_in_bits(tmp_path, run, no_figures, capsys):
    (tmp_path / "text8").write_bytes(b"the cat saw the dog and the dog saw the cat " * 30)
    path = tiny.write_config(
        tmp_path / "config.json", tiny_rhns.tree(tiny_rhns.UNTIED, data={"kind": "characters"}, sparsity={})
    )
    data = ["train.epochs=1", "model.embedding_size=null", "train.checkpoint_minutes=1"]
    assert train.main(tiny_rhns.arguments(run, str(tmp_path), *data, config=path)) == 0
    said = capsys.readouterr().out
    assert re.search(r"text8: 1,188 characters to train on, 66 to validate, 66 to test; vocabulary 12\n", said)
    (row,) = tiny.table(run)
    assert row["valid_bits"] == pytest.approx(np.log2(row["valid_perplexity"]))
    assert re.search(r"bits per character +batched +full\nvalid +{:.3f} ".format(row["valid_bits"]), said)
    assert evaluate.main(["--restore_path=" + run, "--data_path=" + str(tmp_path)]) == 0
    assert ", {:.4f} bits per character, batched".format(row["valid_bits"]) in capsys.readouterr().out
    assert restoring.restore(TRAINER, run).experiment.model.embedding_size is not None


@pytest.mark.parametrize(
    "overrides, flags, sentence",
    [
        (["train.epoch=5"], {}, "there is no option 'train.epoch'; did you mean 'train.epochs'?"),
        (["model.keep_states=0"], {}, "model.keep_states is 0; it must be a finite number above 0 and at most 1"),
        (["model.depth=0"], {}, "model.depth is 0; it must be an integer of at least 1"),
        (["model.hidden_sizes=[]"], {}, "model.hidden_sizes is empty"),
        (["model.hidden_sizes=null"], {}, "leaves the model's sizes open (null); give --restore_path"),
        (["model.embedding_size=5"], {}, "with model.tied it is the size of the last layer, so leave it null"),
        (["train.weight_decay=-1"], {}, "train.weight_decay is -1; it must be a finite number of at least 0"),
        (["data.kind=letters"], {}, 'data.kind is "letters"; it must be one of words, characters'),
        (["data.kind=characters", "data.max_vocabulary=9"], {}, "data.max_vocabulary is for words"),
        (["data.kind=characters"], {}, "has neither enwik8 nor text8; give one file of characters"),
        (['sparsity.penalties.0.groups=["lstm_0"]'], {}, "there is no group 'lstm_0'; did you mean 'rhn_0'?"),
        (['sparsity.penalties.0.groups=["embedding"]'], {}, "there is no group 'embedding'"),
        (['sparsity.zero_variables=["model/RHN0/h_2/*"]'], {}, "there is no variable 'model/RHN0/h_2/*'"),
        (["train.batch_size=100"], {}, "tokens; batch_size 100 x num_steps 3 needs 400; lower one of them"),
        ([], {"config": "none.json"}, "there is no"),
        ([], {"restore_path": "none"}, "there is no checkpoint at 'none'"),
        ([], {"data_path": "none"}, "there is no file or folder 'none'"),
        ([], {"model": "small"}, "there is no flag '--model'"),
        ([], {"device": "gpu one"}, "'gpu one' is no TensorFlow device"),
    ],
)
def test_wrong_flags_and_configs_are_refused_before_anything_is_written(text_folder, run, overrides, flags, sentence):
    assert sentence in refusal(tiny_rhns.arguments(run, text_folder, *overrides, **flags))
    assert not os.path.exists(run)


def test_another_experiment_and_another_width_are_refused(trained_rhn, text_folder, run):
    message = refusal(tiny_rhns.arguments(trained_rhn, text_folder, "model.keep_words=0.5"))
    assert "holds another experiment: model.keep_words is 0.9 there and 0.5 now" in message
    message = refusal(tiny_rhns.arguments(run, text_folder, "model.hidden_sizes=[8]", restore_path=trained_rhn))
    assert "holds 'model/embedding' with shape [11, 7], the config makes it [11, 8]" in message
    message = refusal(tiny_rhns.arguments(run, text_folder, "model.depth=3", restore_path=trained_rhn))
    assert "there is no variable 'model/RHN0/h_2/Linear/Matrix'; did you mean" in message
