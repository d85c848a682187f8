import numpy as np
import pytest

from sparse_rnn import blocks, iss, regularizers
from sparse_rnn.compat import tf
from sparse_rnn.errors import UserError
from sparse_rnn.groups import Slice, UnitGroup
from tests.graphs import evaluate, evaluate_and_count, finite_differences, variable

INPUT, UNITS, CLASSES = 5, 3, 7
STRENGTH = 0.3
SOFTMAX = (iss.Consumer("softmax_w", start=1),)

pytestmark = pytest.mark.usefixtures("graph")


@pytest.fixture(params=[blocks.BLOCK, 30], ids=["whole", "in blocks"])
def block(request, monkeypatch):
    """Elements of a block: more than a variable has, or fewer."""
    monkeypatch.setattr(blocks, "BLOCK", request.param)


def arrays(scale=1.0):
    random = np.random.RandomState(0)
    shapes = {"kernel": (INPUT + UNITS, 4 * UNITS), "bias": (4 * UNITS,), "softmax_w": (UNITS + 1, CLASSES)}
    return {name: scale * random.randn(*shape) for name, shape in shapes.items()}


def variables_of(weights, use_resource=True):
    return [variable(name, array, use_resource) for name, array in weights.items()]


def layer(name="lstm", kernel="kernel", bias="bias", consumers=SOFTMAX):
    return iss.lstm_units(name, kernel, bias, INPUT, UNITS, consumers)


def iss_penalty(kernel, softmax_w):
    """The original's structure lasso, term by term (Lasso over the unit's four columns, its row and its reader)."""
    total = 0.0
    for unit in range(UNITS):
        squares = sum(np.sum(kernel[:, gate * UNITS + unit] ** 2) for gate in range(4))
        squares += np.sum(kernel[INPUT + unit] ** 2) + np.sum(softmax_w[1 + unit] ** 2)
        total += np.sqrt(squares + 1e-8)
    return total


def assert_penalty(penalty, variables, function, weights):
    """``penalty`` is STRENGTH times ``function``, and so are its gradients; None is a gradient of zero."""
    gradients = [tf.zeros_like(one) if slope is None else slope for one, slope in gradients_of(penalty, variables)]
    value, slopes = evaluate([penalty, gradients])
    given = [weights[one.op.name] for one in variables]
    assert value == pytest.approx(STRENGTH * function(given), rel=1e-12)
    for slope, right in zip(slopes, finite_differences(function, given)):
        np.testing.assert_allclose(slope, STRENGTH * right, rtol=1e-6, atol=1e-8)


def gradients_of(penalty, variables):
    return list(zip(variables, tf.gradients(penalty, variables)))


def matrices(use_resource=True):
    weights = arrays()
    del weights["bias"]
    return weights, variables_of(weights, use_resource)


def over(*functions):
    """The sum of a function over several matrices."""
    return lambda given: sum(function(array) for function in functions for array in given)


@pytest.mark.parametrize("use_resource", [True, False])
def test_l1_is_the_sum_of_absolute_values(use_resource, block):
    weights = arrays()
    variables = variables_of(weights, use_resource)
    function = over(lambda array: np.sum(np.abs(array)))
    assert_penalty(regularizers.l1(variables, STRENGTH), variables, function, weights)


@pytest.mark.parametrize("use_resource", [True, False])
def test_l2_is_half_the_sum_of_squares(use_resource):
    weights = arrays()
    variables = variables_of(weights, use_resource)
    function = over(lambda array: np.sum(np.square(array)) / 2)
    assert_penalty(regularizers.l2(variables, STRENGTH), variables, function, weights)


@pytest.mark.parametrize("use_resource", [True, False])
def test_rows_are_the_sum_of_the_rows_norms(use_resource, block):
    weights, variables = matrices(use_resource)
    function = over(lambda array: sum(np.sqrt(np.sum(row**2) + 1e-8) for row in array))
    assert_penalty(regularizers.rows(variables, STRENGTH), variables, function, weights)


@pytest.mark.parametrize("use_resource", [True, False])
def test_columns_are_the_sum_of_the_columns_norms(use_resource, block):
    weights, variables = matrices(use_resource)
    function = over(lambda array: sum(np.sqrt(np.sum(column**2) + 1e-8) for column in array.T))
    assert_penalty(regularizers.columns(variables, STRENGTH), variables, function, weights)


def test_rows_and_columns_scale_by_the_root_of_their_number_of_elements():
    weights, variables = matrices()
    row_norms = over(lambda array: np.sqrt(array.shape[1]) * np.sum(np.sqrt(np.sum(array**2, axis=1) + 1e-8)))
    column_norms = over(lambda array: np.sqrt(array.shape[0]) * np.sum(np.sqrt(np.sum(array**2, axis=0) + 1e-8)))
    assert_penalty(regularizers.rows(variables, STRENGTH, scale_by_size=True), variables, row_norms, weights)
    assert_penalty(regularizers.columns(variables, STRENGTH, scale_by_size=True), variables, column_norms, weights)


@pytest.mark.parametrize("use_resource", [True, False])
def test_units_are_the_papers_penalty_and_leave_biases_out(use_resource, block):
    weights = arrays()
    variables = variables_of(weights, use_resource)
    penalty = regularizers.units(layer(), STRENGTH)
    assert_penalty(penalty, variables, lambda given: iss_penalty(given[0], given[2]), weights)
    assert {one.op.name: slope for one, slope in gradients_of(penalty, variables)}["bias"] is None


@pytest.mark.usefixtures("without_gpu")
@pytest.mark.parametrize("penalise", [regularizers.l1, regularizers.rows, regularizers.columns])
@pytest.mark.parametrize("block, loops", [(20, 2), (30, 1), (100, 0)])
def test_the_gradient_of_a_large_matrix_is_one_loop(penalise, block, loops, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    _, variables = matrices()
    gradients = tf.gradients(penalise(variables, STRENGTH), variables)
    assert evaluate_and_count(gradients)[1]["loop"] == loops


def test_the_elements_where_a_units_row_crosses_its_columns_count_twice():
    weights = {name: np.zeros_like(array) for name, array in arrays().items()}
    weights["kernel"][INPUT + 1, 2 * UNITS + 1] = 3.0
    variables_of(weights)
    alone = np.sqrt(2 * 3.0**2 + 1e-8) + 2 * np.sqrt(1e-8)
    assert evaluate(regularizers.units(layer(), STRENGTH)) == pytest.approx(STRENGTH * alone, rel=1e-12)


def test_the_recurrent_row_of_another_unit_counts_once_for_each_of_the_two():
    weights = {name: np.zeros_like(array) for name, array in arrays().items()}
    weights["kernel"][INPUT + 0, 2 * UNITS + 1] = 3.0
    variables_of(weights)
    two = 2 * np.sqrt(3.0**2 + 1e-8) + np.sqrt(1e-8)
    assert evaluate(regularizers.units(layer(), STRENGTH)) == pytest.approx(STRENGTH * two, rel=1e-12)


def test_multipliers_stand_inside_the_root():
    group = UnitGroup("x", 2, (Slice("kernel", 1, 3, "gate", 0.5), Slice("softmax_w", 0, 1, "consumer", 4.0)))
    weights = arrays()
    variables = variables_of(weights)

    def function(given):
        kernel, _, softmax_w = given
        return sum(
            np.sqrt(0.5 * np.sum(kernel[:, 3 + k] ** 2) + 4.0 * np.sum(softmax_w[1 + k] ** 2) + 1e-8) for k in (0, 1)
        )

    assert_penalty(regularizers.units(group, STRENGTH), variables, function, weights)


def test_several_groups_add_up_and_may_share_a_variable():
    upper = arrays()
    weights = dict(arrays(), **{"kernel_1": upper["kernel"] - 1.0, "bias_1": upper["bias"]})
    variables = variables_of(weights)
    lower = layer(consumers=[iss.Consumer("kernel_1", start=2)])
    structure = [lower, layer("lstm_1", "kernel_1", "bias_1")]

    def function(given):
        kernel, _, softmax_w, kernel_1, _ = given
        return iss_penalty(kernel, np.roll(kernel_1, -1, axis=0)) + iss_penalty(kernel_1, softmax_w)

    assert_penalty(regularizers.units(structure, STRENGTH), variables, function, weights)


def test_each_group_may_have_a_strength_of_its_own():
    weights = arrays()
    variables = variables_of(weights)
    layers = [layer(consumers=()), UnitGroup("reader", CLASSES, (Slice("softmax_w", 1, 0, "gate"),))]

    def function(given):
        kernel, _, softmax_w = given
        columns = sum(np.sqrt(np.sum(column**2) + 1e-8) for column in softmax_w.T)
        return iss_penalty(kernel, np.zeros_like(softmax_w)) + 5 * columns

    assert_penalty(regularizers.units(layers, [STRENGTH, 5 * STRENGTH]), variables, function, weights)
    with pytest.raises(UserError, match="there are 3 strengths for 2 groups"):
        regularizers.units(layers, [1, 2, 3])


def test_the_strength_may_be_fed_and_has_a_gradient():
    weights = arrays()
    variables_of(weights)
    strength = tf.placeholder_with_default(np.float64(STRENGTH), [])
    penalty = regularizers.units(layer(), strength)
    got, slope = evaluate([penalty, tf.gradients(penalty, strength)[0]], {strength: 2.0})
    plain = iss_penalty(weights["kernel"], weights["softmax_w"])
    assert (got, slope) == (pytest.approx(2 * plain), pytest.approx(plain))


def test_input_units_join_embedding_columns_with_the_rows_that_read_them():
    weights = dict(arrays(), embedding=np.random.RandomState(1).randn(11, INPUT))
    variables = variables_of(weights)
    group = iss.input_units("embedding", "embedding", INPUT, [iss.Consumer("kernel")])

    def function(given):
        kernel, embedding = given[0], given[3]
        return sum(np.sqrt(np.sum(embedding[:, d] ** 2) + np.sum(kernel[d] ** 2) + 1e-8) for d in range(INPUT))

    assert_penalty(regularizers.units(group, STRENGTH), variables, function, weights)


def test_a_slice_of_three_axes_sums_over_the_two_others():
    weights = {"cube": np.random.RandomState(1).randn(2, 5, 3)}
    variables = variables_of(weights)
    group = UnitGroup("x", 4, (Slice("cube", 1, 1, "gate"),))
    function = over(lambda cube: sum(np.sqrt(np.sum(cube[:, 1 + k] ** 2) + 1e-8) for k in range(4)))
    assert_penalty(regularizers.units(group, STRENGTH), variables, function, weights)


def test_units_scale_by_the_root_of_the_number_of_weights_in_their_sum():
    variables_of(arrays())
    plain, scaled = evaluate([regularizers.units(layer(), STRENGTH, scale_by_size=flag) for flag in (False, True)])
    weights_of_a_unit = 4 * (INPUT + UNITS) + 4 * UNITS + CLASSES
    assert scaled == pytest.approx(np.sqrt(weights_of_a_unit) * plain, rel=1e-12)


def test_the_old_spelling_of_a_name_finds_the_variable():
    weights = arrays()
    variables_of(weights)
    plain, old = evaluate(
        [regularizers.units(group, STRENGTH) for group in (layer(), layer(kernel="weights", bias="biases"))]
    )
    assert plain == old


def test_variables_outside_the_collection_can_be_given():
    weights = arrays()
    with tf.variable_scope("outside"):
        hidden = [tf.get_variable(name, initializer=array, trainable=False) for name, array in weights.items()]
    group = layer(kernel="outside/kernel", bias="outside/bias", consumers=[iss.Consumer("outside/softmax_w", start=1)])
    got = evaluate(regularizers.units(group, STRENGTH, variables=hidden))
    assert got == pytest.approx(STRENGTH * iss_penalty(weights["kernel"], weights["softmax_w"]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_weights_at_exactly_zero_is_zero(dtype):
    weights = {name: np.zeros_like(array, dtype) for name, array in arrays().items()}
    variables = variables_of(weights)
    kernel, _, softmax_w = variables
    penalties = [
        regularizers.units(layer(), STRENGTH),
        regularizers.rows([kernel, softmax_w], STRENGTH),
        regularizers.columns([kernel, softmax_w], STRENGTH),
        regularizers.l1([kernel, softmax_w], STRENGTH),
    ]
    for penalty in penalties:
        for slope in evaluate(tf.gradients(penalty, [kernel, softmax_w])):
            np.testing.assert_array_equal(slope, 0.0)


def test_a_name_that_matches_nothing_is_refused_with_the_nearest():
    variables_of(arrays())
    with pytest.raises(UserError, match="there is no variable 'softmax'; did you mean 'softmax_w'"):
        regularizers.units(layer(consumers=[iss.Consumer("softmax")]), STRENGTH)


def test_a_range_that_does_not_fit_is_refused():
    variables_of(arrays())
    with pytest.raises(UserError, match=r"'softmax_w' has 4 indices along axis 0, so \[2, 5\) does not fit"):
        regularizers.units(layer(consumers=[iss.Consumer("softmax_w", start=2)]), STRENGTH)


def test_a_vector_has_no_rows_and_no_columns():
    variables = variables_of(arrays())
    for lines in (regularizers.rows, regularizers.columns):
        with pytest.raises(UserError, match=r"'bias' has shape \[12\]; row and column penalties need a matrix"):
            lines(variables, STRENGTH)


@pytest.mark.parametrize("penalty", ["l1", "rows", "columns", "units"])
def test_a_penalty_of_nothing_is_refused(penalty):
    variables_of(arrays())
    with pytest.raises(UserError, match="nothing to penalise"):
        getattr(regularizers, penalty)([], STRENGTH)


def test_a_group_of_biases_is_refused():
    variables_of(arrays())
    with pytest.raises(UserError, match="group 'x' has only biases"):
        regularizers.units(UnitGroup("x", 2, (Slice("bias", 0, 0, "bias"),)), STRENGTH)
