"""What training BiDAF leaves behind, what its commands say of it, and what they refuse."""

import json
import os
import shutil

import numpy as np
import pytest

pytest.importorskip("nltk")

from bidaf import answer, compact, evaluate, evaluation, metrics, prepare, restoring, structure, train, variables
from bidaf.vocabulary import Vocabulary
from sparse_rnn import checkpoints, group_files, plots, sparsity
from sparse_rnn.errors import UserError
from sparse_rnn.training import averages, built, saving
from tests import bidaf_tiny, graphs, tiny
from tests.interruptions import Killed, kill_at, same_run

#: Of a run that begins with the units of another, of which some are dead already.
SHRINKING = ["sparsity.compact_every_epochs=1", "train.steps_per_epoch=1", "train.learning_rate=0.01"]


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Training without figures at its end, which take longer than all the rest, and without optimising its graphs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "all_figures", lambda *arguments: [])
        for room in (built, evaluation):
            patch.setattr(room, "session_config", graphs.quick_config)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bidaf")


@pytest.fixture(scope="module")
def data(folder):
    """Prepared data of a few invented sentences."""
    train_file, dev_file = bidaf_tiny.write_data(folder)
    flags = ["--train=" + train_file, "--dev=" + dev_file, "--target_path=" + str(folder / "data")]
    assert prepare.main(flags + ["--vector_size=8", "--word_count=20", "--character_count=5"]) == 0
    return str(folder / "data")


def arguments(run, data, *overrides, **flags):
    flags = dict({"config": str(run) + ".json", "data_path": data, "save_path": run}, **flags)
    if not os.path.exists(flags["config"]):
        with open(flags["config"], "w") as file:
            json.dump(bidaf_tiny.CONFIG, file)
    return ["--{}={}".format(name, value) for name, value in flags.items()] + ["--set=" + text for text in overrides]


@pytest.fixture(scope="module")
def trained(folder, data):
    """A run without interruption; not to be changed."""
    run = str(folder / "run")
    assert train.main(arguments(run, data)) == 0
    return run


@pytest.fixture(scope="module")
def shrunk(folder, data, trained):
    """A run that cut its dead units out, without interruption, and every Reader that it made."""
    readers, run = [], str(folder / "shrunk")

    class Remembered(evaluation.Reader):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            readers.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "Reader", Remembered)
        assert train.main(arguments(run, data, *SHRINKING, config=trained + ".json", restore_path=trained)) == 0
    return run, readers


def stopped(flags, **when):
    """Training that ends at a checkpoint, as suddenly as by kill -9."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, saving.Savers, "save", **when)
        train.main(flags)


def refusal(main, flags):
    with pytest.raises(UserError) as refused:
        main(flags)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_run_directory_holds_the_whole_run(trained):
    names = os.listdir(trained)
    for name in (
        "best",
        "config.json",
        "metrics.csv",
        "origin.json",
        "report.txt",
        "structure.json",
        "vocabulary.json",
    ):
        assert name in names
    rows = tiny.table(trained)
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 4), (2, 8)]
    assert {"dev_em", "dev_f1", "dev_loss", "train_loss", "penalty", "units/g2_bw/kept"} <= set(rows[0])
    assert rows[1]["train_loss"] < rows[0]["train_loss"]
    with open(os.path.join(trained, "report.json")) as file:
        report = json.load(file)
    assert report["dev"]["f1"] == pytest.approx(rows[1]["dev_f1"]) and report["dev"]["questions"] == 6


def test_the_checkpoint_holds_averages_of_zeroed_weights_and_the_given_vectors(trained):
    arrays = checkpoints.read(trained)
    options = restoring.restore(trained).experiment.model
    for name in variables.trained(options):
        assert arrays[name + averages.SUFFIX].shape == arrays[name].shape
    weights = np.abs(np.concatenate([arrays[name].ravel() for name in variables.trained(options)]))
    assert (weights == 0).any() and not ((weights > 0) & (weights < 0.05)).any()
    assert arrays[variables.GLOVE].any()
    shapes = {name: array.shape for name, array in arrays.items()}
    loaded = group_files.load(os.path.join(trained, "structure.json"), shapes)
    assert loaded == structure.structure(options, 8)


def test_a_run_that_is_stopped_after_a_checkpoint_ends_in_the_same_numbers(trained, data, folder):
    run = str(folder / "stopped")
    flags = arguments(run, data, config=trained + ".json")
    stopped(flags, call=5, after=True)
    assert not os.path.exists(os.path.join(run, "report.txt"))
    assert train.main(flags) == 0
    same_run(run, trained)


def test_evaluation_scores_as_training_did_and_writes_the_answers(trained, data, folder, capsys):
    before = tiny.contents(trained)
    target = str(folder / "answers")
    flags = ["--restore_path=" + trained, "--data_path=" + data, "--save_path=" + target]
    assert evaluate.main(flags + ["--page=" + str(folder / "page.html")]) == 0
    said = capsys.readouterr().out
    row = tiny.table(trained)[-1]
    assert "dev exact match {:.4f}  F1 {:.4f}  questions 6".format(row["dev_em"], row["dev_f1"]) in said
    assert "g0_fw        kept" in said and tiny.contents(trained) == before
    predictions = metrics.read_predictions(os.path.join(target, "answers-dev.json"))
    assert len(predictions) == 6 and "Where does" in (folder / "page.html").read_text()


def test_averages_and_weights_themselves_answer_by_choice(trained):
    raw, average = (restoring.restore(trained, weights=weights).arrays for weights in ("raw", "average"))
    name = variables.cell("g1", "fw")
    assert (raw[name] != average[name]).any() and ((raw[name] == 0) <= (average[name] == 0)).all()
    assert not any(each.endswith(averages.SUFFIX) for each in average)


def test_questions_without_answers_are_answered_in_any_company(trained, folder, capsys):
    path = folder / "asked.json"
    asked = {"id": "q1", "question": "Where does Zoe live?"}
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Zoe lives in Rome", "qas": [asked]}]}]}))
    target = str(folder / "asked")
    runs = ["--restore_path=" + trained] * 2
    assert evaluate.main(runs + ["--questions=" + str(path), "--save_path=" + target]) == 0
    assert "exact match" not in capsys.readouterr().out
    predictions = metrics.read_predictions(os.path.join(target, "answers-questions.json"))
    assert list(predictions) == ["q1"] and predictions["q1"] in "Zoe lives in Rome"


def test_one_question_is_answered_from_a_text(trained, folder, capsys):
    text = folder / "text.txt"
    text.write_text("Zoe lives in Rome.")
    assert answer.main(["--run=" + trained, "--context=" + str(text), "--question=Where does Zoe live?"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] in text.read_text() and said[2].startswith("probability 0.")
    for context, question, sentence in [
        (str(text), "  ", "--question: there is no text in it."),
        (str(folder / "none.txt"), "Who?", "none.txt: cannot be read: No such file or directory."),
    ]:
        assert sentence in refusal(
            answer.main, ["--restore_path=" + trained, "--context=" + context, "--question=" + question]
        )


def test_removal_gives_the_same_answers_and_a_run_to_go_on_from(trained, data, folder):
    small, tuned = str(folder / "small"), str(folder / "tuned")
    assert compact.main(["--restore_path=" + trained, "--data_path=" + data, "--save_path=" + small]) == 0
    with open(os.path.join(small, "report.json")) as file:
        report = json.load(file)
    assert report["differing"] == 0 and report["metrics"]["F1"][0] == report["metrics"]["F1"][1]
    before, after = restoring.restore(trained), restoring.restore(small)
    units = structure.structure(before.experiment.model, 8)
    kept = {group.name: group.kept for group in sparsity.report(before.everything, units).groups}
    assert variables.sizes(after.experiment.model, 8) == kept and kept["g2_fw"] < 7
    name = variables.cell("g0", "fw")
    assert after.everything[name + averages.SUFFIX].shape == after.everything[name].shape
    rest = "train.epochs=1", "sparsity.penalties=[]", 'train.variables=["main/logits*"]'
    flags = arguments(tuned, data, *rest, config=os.path.join(small, "config.json"), restore_path=small)
    assert train.main(flags) == 0
    found = restoring.restore(tuned).everything
    assert (found[name] == after.arrays[name]).all()
    assert (found[variables.answer(1)] != after.arrays[variables.answer(1)]).any()


def test_training_that_shrinks_ends_in_a_model_without_dead_units(shrunk):
    run, readers = shrunk
    sizes = variables.sizes(restoring.restore(run).experiment.model, 8)
    assert sizes["g2_fw"] < 7
    arrays = checkpoints.read(run)
    assert arrays[variables.cell("g2", "fw") + averages.SUFFIX].shape[1] == 4 * sizes["g2_fw"]
    assert len(readers) > 2
    for reader in readers:
        with pytest.raises(RuntimeError, match="closed"):
            reader.session.run([])


def test_a_run_that_is_stopped_while_it_shrinks_ends_in_the_same_numbers(shrunk, trained, data, folder):
    run = str(folder / "stopped_small")
    flags = arguments(run, data, *SHRINKING, config=trained + ".json", restore_path=trained)
    stopped(flags, call=2)  # the epoch has its row, and the smaller model no checkpoint
    assert [row["step"] for row in tiny.table(run)] == [1]
    assert train.main(flags) == 0
    same_run(run, shrunk[0])


@pytest.mark.parametrize(
    "overrides, flags, sentence",
    [
        (['train.towers=["/gpu:x:1"]'], {}, "train.towers"),
        (["model.hidden_size=null"], {}, "leaves the model's sizes open (null); give --restore_path"),
        (["data.question_tokens=1"], {}, "none of the 14 questions of the train data is usable"),
        ([], {"data_path": "nowhere"}, "'nowhere' holds no prepared data; make it with"),
        (["model.hidden_size=6"], {"restore_path": "TRAINED"}, "the config makes it"),
        (['model.logits="tri"'], {}, "did you mean 'tri_linear'?"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    data, folder, trained, tmp_path, overrides, flags, sentence
):
    run = str(tmp_path / "run")
    flags = {name: trained if value == "TRAINED" else value for name, value in flags.items()}
    message = refusal(
        train.main, arguments(run, flags.pop("data_path", data), *overrides, config=trained + ".json", **flags)
    )
    assert sentence in message and not os.path.exists(run)


def test_a_vocabulary_of_other_data_is_refused(trained, data, tmp_path):
    run = str(tmp_path / "run")
    shutil.copytree(trained, run)
    vocabulary = Vocabulary.load(run)
    vocabulary.characters.append("~")
    vocabulary.save(run)
    message = refusal(evaluate.main, ["--restore_path=" + run, "--data_path=" + data])
    assert "vocabulary.json: it lists" in message and message.endswith("put the run's own vocabulary back.")
    with open(os.path.join(run, "vectors.npz"), "wb") as file:
        np.savez(file, trained=vocabulary.trained_vectors[:, 0], fixed=vocabulary.fixed_vectors)
    assert "does not fit its vectors" in refusal(evaluate.main, ["--restore_path=" + run, "--data_path=" + data])


def test_a_checkpoint_without_its_vocabulary_takes_that_of_the_data(trained, data, folder, capsys):
    bare = folder / "bare"
    bare.mkdir()
    arrays = checkpoints.read(trained)
    old = {name.replace("/kernel", "/weights").replace("/bias", "/biases"): array for name, array in arrays.items()}
    old.pop(variables.GLOVE)
    prefix = checkpoints.write(old, str(bare))
    flags = ["--restore_path=" + prefix, "--config=" + trained + ".json", "--data_path=" + data]
    assert evaluate.main(flags + ["--save_path=" + str(folder / "bare_answers")]) == 0
    row = tiny.table(trained)[-1]
    assert "F1 {:.4f}".format(row["dev_f1"]) in capsys.readouterr().out
    assert "has no vocabulary beside it" in refusal(
        evaluate.main, flags[:2] + ["--questions=" + str(folder / "dev.json"), "--save_path=" + str(folder / "x")]
    )
    shutil.rmtree(str(bare))
