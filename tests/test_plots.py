import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from sparse_rnn import iss, plots, sparsity
from sparse_rnn.errors import UserError

#: Of 5 units of the first layer 1 and 4 are dead, of 3 units of the second 0 is.
INPUTS, FIRST, SECOND, WORDS = 4, 5, 3, 7
ROWS = [
    {"epoch": 1, "train_perplexity": float("inf"), "valid_perplexity": 9000.0, "units/a/kept": 5, "units/a/size": 5},
    {"epoch": 2, "train_perplexity": 250.0, "valid_perplexity": 200.0, "units/a/kept": 4, "units/a/size": 5},
    {"epoch": 3, "train_perplexity": 140.0, "valid_perplexity": 150.0, "units/a/kept": 3, "units/a/size": 5},
]


@pytest.fixture
def structure():
    return [
        iss.lstm_units("a", "cell_0/kernel", "cell_0/bias", INPUTS, FIRST, [iss.Consumer("cell_1/kernel")]),
        iss.lstm_units("b", "cell_1/kernel", "cell_1/bias", FIRST, SECOND, [iss.Consumer("softmax_w")]),
    ]


@pytest.fixture
def weights(structure):
    shapes = {
        "cell_0/kernel": (INPUTS + FIRST, 4 * FIRST),
        "cell_0/bias": (4 * FIRST,),
        "cell_1/kernel": (FIRST + SECOND, 4 * SECOND),
        "cell_1/bias": (4 * SECOND,),
        "softmax_w": (SECOND, WORDS),
    }
    rng = np.random.RandomState(0)
    arrays = {name: rng.uniform(0.1, 1.0, shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["cell_0/kernel"][[INPUTS + 1, INPUTS + 4]] = 0.0
    arrays["cell_1/kernel"][[1, 4, FIRST + 0]] = 0.0
    arrays["softmax_w"][0] = 0.0
    return arrays


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are saved, in order; the files are written as well."""
    figures = []
    save = Figure.savefig

    def remember(figure, *arguments, **options):
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", remember)
    return figures


def is_png(path):
    with open(str(path), "rb") as file:
        return file.read(8) == b"\x89PNG\r\n\x1a\n" and 5000 < os.path.getsize(str(path)) < 200000


def blue_pixels(path):
    red, green, blue = np.moveaxis(imread(str(path))[:, :, :3], 2, 0)
    return int(np.sum((red < 0.1) & (green > 0.3) & (blue > 0.6)))


def legend(panel):
    return [text.get_text() for text in panel.get_legend().get_texts()]


def test_the_iss_map_is_false_in_rows_and_columns_of_removed_units_only(structure):
    kept = {"a": np.array([0, 2, 3]), "b": np.array([1, 2])}
    expected = np.ones([FIRST + SECOND, 4 * SECOND], dtype=bool)
    expected[[1, 4, FIRST]] = False
    expected[:, [0, 3, 6, 9]] = False
    np.testing.assert_array_equal(plots.iss_map("cell_1/kernel", expected.shape, structure, kept), expected)


def test_the_iss_map_of_a_variable_that_no_unit_owns_is_all_true(structure):
    assert plots.iss_map("other", (2, 3), structure, {"a": np.array([0]), "b": np.array([0])}).all()


def test_norms_are_the_roots_of_the_groups_squares(structure, weights):
    kernel, reader = weights["cell_1/kernel"].astype(float), weights["softmax_w"].astype(float)
    expected = [
        np.sqrt(np.sum(kernel[:, unit::SECOND] ** 2) + np.sum(kernel[FIRST + unit] ** 2) + np.sum(reader[unit] ** 2))
        for unit in range(SECOND)
    ]
    np.testing.assert_allclose(sparsity.norms(weights, structure[1]), expected, rtol=1e-12)


def test_a_kernel_map_names_the_variable_and_says_how_many_units_are_kept(tmp_path, structure, weights, drawn):
    plots.kernel_map(tmp_path / "map.png", "cell_1/kernel", weights, structure)
    assert is_png(tmp_path / "map.png")
    top, bottom = drawn[0].axes
    assert drawn[0]._suptitle.get_text() == "cell_1/kernel\na kept 3 of 5, b kept 2 of 3"
    assert top.get_title() == "non-zero weights (blue): 62.5% of all"
    assert bottom.get_title() == "ISS map: rows and columns of kept units (blue): 41.7% of all"
    assert (top.get_ylabel(), bottom.get_ylabel(), bottom.get_xlabel()) == ("row", "row", "column")


def test_a_kernel_map_shows_non_zeros_above_and_kept_units_below(tmp_path, structure, weights, drawn):
    plots.kernel_map(tmp_path / "map.png", "cell_1/kernel", weights, structure)
    above, below = (panel.images[0].get_array() for panel in drawn[0].axes)
    np.testing.assert_array_equal(above, weights["cell_1/kernel"] != 0)
    assert above[:, 0].any() and not below[:, 0].any()
    np.testing.assert_array_equal(
        drawn[0].axes[0].images[0].cmap([0.0, 1.0])[:, :3], [[1, 1, 1], [0, 0x72 / 255, 0xB2 / 255]]
    )


def test_the_more_weights_are_left_the_bluer_is_the_file(tmp_path, structure, weights):
    plots.kernel_map(tmp_path / "sparse.png", "cell_1/kernel", weights, structure)
    plots.kernel_map(tmp_path / "dense.png", "cell_1/kernel", {n: w + 1 for n, w in weights.items()}, structure)
    sparse, dense = blue_pixels(tmp_path / "sparse.png"), blue_pixels(tmp_path / "dense.png")
    # 62.5 % of the upper and 41.7 % of the lower panel.
    assert sparse / dense == pytest.approx((0.625 + 0.417) / 2, abs=0.02)


@pytest.mark.parametrize(
    "step, shape, label", [(None, (1, 400), "column (1 of 3 shown)"), (10, (1, 120), "column (1 of 10 shown)")]
)
def test_a_wide_matrix_is_thinned_to_what_can_be_seen(tmp_path, drawn, step, shape, label):
    structure = [iss.lstm_units("wide", "kernel", None, 1, 1, [iss.Consumer("softmax_w")])]
    weights = {"kernel": np.ones([2, 4]), "softmax_w": np.ones([1, 1200])}
    plots.kernel_map(tmp_path / "map.png", "softmax_w", weights, structure, step)
    for panel in drawn[0].axes:
        assert panel.images[0].get_array().shape == shape
        assert panel.get_xlim() == (0, 1200)
    assert drawn[0].axes[1].get_xlabel() == label


@pytest.mark.parametrize(
    "name, message",
    [
        ("cell_1/kernl", "there is no variable 'cell_1/kernl'; did you mean 'cell_1/kernel'"),
        ("cell_1/bias", r"'cell_1/bias' has shape \[12\]; a map can be drawn of a matrix only"),
    ],
)
def test_what_cannot_be_mapped_is_one_sentence(tmp_path, structure, weights, name, message):
    with pytest.raises(UserError, match=message):
        plots.kernel_map(tmp_path / "map.png", name, weights, structure)


def test_unit_norms_have_a_panel_per_group_that_counts_the_zero_units(tmp_path, structure, weights, drawn):
    weights["cell_0/kernel"][:, 1::FIRST] = 0.0
    plots.unit_norms(tmp_path / "norms.png", weights, structure)
    assert is_png(tmp_path / "norms.png")
    assert [legend(panel) for panel in drawn[0].axes] == [["a: 1 of 5 units are zero"], ["b: 0 of 3 units are zero"]]
    assert [sum(bar.get_height() for bar in panel.patches) for panel in drawn[0].axes] == [4, 3]
    assert drawn[0].axes[1].get_xscale() == "log"


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_unit_norms_that_have_no_spread_can_be_drawn(tmp_path, structure, weights, value):
    plots.unit_norms(tmp_path / "norms.png", {n: np.full_like(w, value) for n, w in weights.items()}, structure)
    assert is_png(tmp_path / "norms.png")


def test_the_history_draws_kept_units_and_perplexity_and_cuts_absurd_beginnings_off(tmp_path, drawn):
    plots.history(tmp_path / "history.png", ROWS)
    assert is_png(tmp_path / "history.png")
    units, perplexity = drawn[0].axes
    assert legend(units) == ["a kept 3 of 5"]
    assert list(units.lines[0].get_ydata()) == [5, 4, 3]
    assert units.get_ylim()[0] == 0
    assert legend(perplexity) == ["train, last 140.00", "valid, last 150.00"]
    assert perplexity.get_yscale() == "log"
    assert perplexity.get_ylim() == pytest.approx((140 / 1.05, 700 * 1.05))
    assert perplexity.get_title(loc="right") == "above 700 cut off"


def test_the_history_of_question_answering_draws_its_metrics(tmp_path, drawn):
    kept = {"units/a/kept": 4, "units/a/size": 5}
    rows = [
        dict(kept, epoch=epoch, dev_em=exact, dev_f1=overlap)
        for epoch, exact, overlap in ((1, 10.0, 20.5), (2, 40.0, 51.25))
    ]
    plots.history(tmp_path / "history.png", rows)
    units, answers = drawn[0].axes
    assert units.get_title() == "Kept units and answers after each epoch" and legend(units) == ["a kept 4 of 5"]
    assert legend(answers) == ["exact match, last 40.00", "F1, last 51.25"]
    assert [list(line.get_ydata()) for line in answers.lines] == [[10.0, 40.0], [20.5, 51.25]]
    assert (answers.get_ylabel(), answers.get_yscale(), answers.get_ylim()) == ("percent", "linear", (0, 100))


@pytest.mark.parametrize("rows", [ROWS[:1], ROWS[2:], ROWS[1:], [{"epoch": 1}]])
def test_a_history_of_few_numbers_can_be_drawn(tmp_path, rows):
    plots.history(tmp_path / "history.png", rows)
    assert is_png(tmp_path / "history.png")


def test_all_figures_are_a_map_of_every_matrix_the_norms_and_the_history(tmp_path, structure, weights):
    folder = str(tmp_path / "new" / "plots")
    paths = plots.all_figures(folder, weights, structure, ROWS)
    expected = ["kernel_cell_0-kernel", "kernel_cell_1-kernel", "kernel_softmax_w", "unit_norms", "history"]
    assert paths == [os.path.join(folder, name + ".png") for name in expected]
    assert all(is_png(path) for path in paths)
    assert sorted(os.listdir(folder)) == sorted(name + ".png" for name in expected)


def test_before_the_first_epoch_there_is_no_history(tmp_path, structure, weights):
    assert "history" not in " ".join(plots.all_figures(str(tmp_path), weights, structure, rows=[]))


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, structure, weights):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="folder '.*file' cannot be made: File exists"):
        plots.all_figures(str(tmp_path / "file"), weights, structure)
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        plots.history(str(tmp_path / "none" / "history.png"), ROWS)


def test_neither_pyplot_nor_tensorflow_nor_a_display_is_needed():
    program = (
        "import sys, sparse_rnn.plots; print([m for m in ('matplotlib.pyplot', 'tensorflow') if m in sys.modules])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "MPLBACKEND")}
    environment["PYTHONPATH"] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    assert subprocess.check_output([sys.executable, "-c", program], env=environment).decode().strip() == "[]"
