import numpy as np
import pytest

from sparse_rnn.errors import UserError
from sparse_rnn.training.metrics import Metrics, is_time

ROWS = [
    {"epoch": 1, "train_loss": 4.75, "units/lstm_0/kept": 7, "seconds": 12.5},
    {"epoch": 2, "train_loss": 1e-7 / 3, "units/lstm_0/kept": 5, "seconds": 11.0},
    {"epoch": 3, "train_loss": float("inf"), "units/lstm_0/kept": 5, "seconds": 11.25},
]


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "metrics.csv")


@pytest.fixture
def written(path):
    metrics = Metrics(path)
    for row in ROWS:
        metrics.append(row)
    return path


def text(path):
    with open(path, newline="") as file:
        return file.read()


def test_a_row_is_a_line_of_plain_numbers(path):
    metrics = Metrics(path)
    metrics.append({"epoch": np.int64(1).item(), "valid": np.float32(1.5), "kept": 3, "rate": 1e-5})
    assert text(path) == "epoch,valid,kept,rate\n1,1.5,3,1e-05\n"


def test_what_is_read_back_is_what_was_held_and_is_written_alike(written):
    again = Metrics(written)
    held = Metrics(written + ".other")
    for row in ROWS:
        held.append(row)
    assert again.rows == held.rows
    assert [type(value) for value in again.rows[0].values()] == [int, float, int, float]
    before = text(written)
    again.append({"epoch": 4, "train_loss": 1.0, "units/lstm_0/kept": 5, "seconds": 1.0})
    assert text(written).startswith(before)


def test_later_epochs_are_forgotten_in_memory_and_on_disk(written):
    metrics = Metrics(written)
    metrics.keep_until(3)
    assert len(metrics.rows) == 3
    metrics.keep_until(1)
    assert [row["epoch"] for row in metrics.rows] == [row["epoch"] for row in Metrics(written).rows] == [1]
    metrics.keep_until(0)
    assert Metrics(written).rows == [] and text(written) == ""


def test_the_columns_of_the_clock_are_known():
    columns = ["epoch", "seconds", "train_loss", "words_per_second", "examples_per_second", "units/lstm_0/kept"]
    assert [column for column in columns if is_time(column)] == ["seconds", "words_per_second", "examples_per_second"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[:-4],
        lambda whole: whole[: whole.index("\n") - 3],
        lambda whole: whole[: whole.index("\n", 60) - 5] + "\n",
        lambda whole: whole.replace("4.75", "many"),
        lambda whole: whole.replace("4.75", ""),
        lambda whole: whole.replace("4.75", "4.75,9"),
        lambda whole: whole.replace("epoch,", "epochs,"),
        lambda whole: whole[whole.index("\n") + 1 :],
        lambda whole: whole.replace("\n2,", "\n3,"),
        lambda whole: "\n".join(line for line in whole.split("\n") if not line.startswith("2,")),
        lambda whole: whole + "\0\n",
        lambda whole: "\n" + whole,
    ],
)
def test_a_damaged_table_is_refused_and_left_alone(written, damage):
    damaged = damage(text(written))
    with open(written, "w", newline="") as file:
        file.write(damaged)
    with pytest.raises(UserError) as caught:
        Metrics(written)
    assert str(caught.value).startswith(written) and "put a copy of it back" in str(caught.value)
    assert text(written) == damaged
