"""The penalties that a config asks for, as one term of the loss."""

from sparse_rnn import group_files, groups, regularizers
from sparse_rnn.compat import static_shapes, tf, variables_by_name
from sparse_rnn.training.options import match_names

#: The variable that multiplies the strength of every penalty of units where sparsity.target steers it.
FACTOR = "Train/target/factor"


def total(options, structure):
    """The sum of all penalties of the sparsity section over the trainable variables of the default graph.

    Args:
      options: the sparsity section of a config.
      structure: the model's UnitGroups.

    Raises:
      UserError: a group, a variable or a pattern matches nothing.
    """
    by_name = variables_by_name()
    factor = 1.0 if options.target is None else _factor()
    terms = []
    for index, penalty in enumerate(options.penalties):
        where = _where(index)
        if penalty.kind == "units":
            terms += [factor * term for term in _over_units(penalty, structure, by_name, where)]
        else:
            terms += _over_variables(penalty, by_name, where)
    return tf.add_n(terms) if terms else tf.constant(0.0)


def steered_groups(options, structure):
    """Names of the groups that penalties of units act on, each once."""
    found = [
        name
        for index, penalty in enumerate(options.penalties)
        if penalty.kind == "units"
        for name in _names(penalty, structure, _where(index))
    ]
    return list(dict.fromkeys(found))


def weight_decay(train):
    """The train section's weight decay over the trainable variables of the default graph."""
    if not train.weight_decay:
        return tf.constant(0.0)
    return regularizers.l2(tf.trainable_variables(), train.weight_decay)


def _over_units(penalty, structure, by_name, where):
    if penalty.group_file:
        chosen = group_files.load(penalty.group_file, static_shapes(by_name))
    else:
        chosen = [groups.find(structure, name, where + ".groups") for name in _names(penalty, structure, where)]
    strengths = [penalty.strength_of(group.name) for group in chosen]
    return [regularizers.units(chosen, strengths, scale_by_size=penalty.scale_by_size)]


def _over_variables(penalty, by_name, where):
    chosen = match_names(penalty.variables, list(by_name), where + ".variables")
    if penalty.kind == "l1":
        return [regularizers.l1([by_name[name]], penalty.strength_of(name)) for name in chosen]
    lines = {"rows": regularizers.rows, "columns": regularizers.columns}[penalty.kind]
    return [lines([by_name[name]], penalty.strength_of(name), penalty.scale_by_size) for name in chosen]


def _where(index):
    return "sparsity.penalties.{}".format(index)


def _names(penalty, structure, where):
    return match_names(penalty.groups, [group.name for group in structure], where + ".groups", "group")


def _factor():
    return tf.get_variable(FACTOR, [], tf.float32, tf.ones_initializer(), trainable=False, use_resource=True)
