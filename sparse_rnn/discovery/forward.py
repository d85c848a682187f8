"""Which operations of a graph are the model: what computes its outputs, without training's machinery.

Left out are

* gradients: everything in the name scope of a call of ``tf.gradients`` (whose seeds are called ``grad_ys_<i>``) and
  everything computed from its results, such as clipping and updates. A network without its dead units is the same
  function of its inputs and of the weights that stay, so its gradients are the same, too;
* penalties: in a sum of scalars, the terms that depend on weights alone;
* whatever else depends on weights alone: initial values, zeroing, masks, sparsity figures;
* updates of optimiser slots and moving averages, checkpoints and summaries.
"""

import collections
import re

from sparse_rnn import names
from sparse_rnn.discovery import elementwise, sources
from sparse_rnn.discovery.sources import ASSIGNMENTS, VARIABLES
from sparse_rnn.discovery.walk import in_order

_ADDITIONS = frozenset(["Add", "AddN", "AddV2", "Sub"])
_ELEMENTWISE = frozenset(
    elementwise.PASSES
    + elementwise.KEEPS_ZERO
    + elementwise.LOSES_ZERO
    + elementwise.ALL
    + elementwise.ANY
    + elementwise.FIRST
    + elementwise.NEVER
    + ["Cast", "If", "Merge", "Select", "StatelessIf", "Switch"]
)
_GATHERS = ("Gather", "GatherV2", "ResourceGather")
_PRODUCTS = ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Conv2D", "Einsum", "MatMul")
_SEED = re.compile(r"^(.*/)?grad_ys_\d+(_indices|_values|_shape)?(_\d+)?$")
_SIZES = ("Rank", "Shape", "ShapeN", "Size", "VariableShape")
#: What puts scalars in a row, as the losses of several towers before their mean is taken.
_COLLECTS = ("ConcatV2", "ExpandDims", "Pack", "Reshape")
_FROM_ZERO = frozenset(elementwise.PASSES + elementwise.KEEPS_ZERO + elementwise.FIRST + ["Cast", "ReadVariableOp"])
#: What a variable goes through on its way to an operation.
_READS = ("Enter", "Identity", "ReadVariableOp", "RefEnter", "RefIdentity", "RefSwitch", "Switch")
#: What a tensor depends on: constants alone, weights, scalars that are no weights, data.
_CONSTANT, _WEIGHT, _SCALAR, _DATA = range(4)


class Forward:
    """The operations of the model.

    Args:
      nodes: the Nodes of the graph.
      trainable: names of the trainable variables.
      saved: names of the variables that a checkpoint holds; others are made anew from their initial values.
      kept: nodes that count in any case.

    Attributes:
      order: the nodes, inputs first.
      copies: pairs (variable, another whose values it takes on), as a network that follows another has them.
      second_order: a node that goes on computing with gradients as with data, or None.
    """

    def __init__(self, nodes, trainable, saved, kept=()):
        self._nodes = nodes
        self._trainable = trainable
        self._saved = saved
        self._consumers = _consumers(nodes)
        self._weight_shapes = {name: _shape(nodes.by_name[name]) for name in trainable if name in nodes.by_name}
        self._scopes, self._gradients = self._find_gradients()
        self._kinds = self._find_kinds()
        self.second_order = self._find_second_order()
        penalties = self._find_penalties()
        self.order = in_order([node for node in nodes.every if self._is_root(node)] + list(kept), penalties)
        self.copies = self._find_copies()

    def _find_gradients(self):
        """The scopes of tf.gradients, and all that is computed from its seeds."""
        seeds = [node for node in self._nodes.every if _SEED.match(node.name)]
        scopes = tuple({_SEED.match(node.name).group(1) for node in seeds} - {None})
        found, waiting = set(seeds), list(seeds)
        while waiting:
            for consumer in self._consumers[waiting.pop()]:
                if consumer not in found:
                    found.add(consumer)
                    waiting.append(consumer)
        return scopes, found

    def _left_out(self, node):
        return node in self._gradients or node.name.startswith(self._scopes)

    def _find_second_order(self):
        for node in self._nodes.every:
            scope = next((scope for scope in self._scopes if node.name.startswith(scope)), None)
            from_gradients = [source for source, _ in node.inputs if source in self._gradients]
            if scope is None:
                # Weights after a gradient step: units that are dead before it are alive in them.
                others = [source for source, _ in node.inputs if source not in self._gradients]
                if node.op in _PRODUCTS and from_gradients and any(self._kinds[each] == _DATA for each in others):
                    return node
            elif not _SEED.match(node.name) and any(not each.name.startswith(scope) for each in from_gradients):
                return node
        return None

    def _is_root(self, node):
        """Whether something that matters ends here."""
        if self._left_out(node) or node.op in sources.OBSERVERS or self._kinds.get(node, _DATA) < _SCALAR:
            return False
        if node.op in ASSIGNMENTS:
            target, value = _stored(node)
            if self._kinds[value] > _WEIGHT and self._takes_on(node, target, value):
                return True
            return self._is_state(target) and (self._kinds[value] > _WEIGHT or target.name not in self._saved)
        if node.op in sources.SCATTERS and self._is_of_its_own(node):
            return False
        if node.op in VARIABLES or (node.inputs and node.inputs[0][0].op in VARIABLES and len(node.inputs) == 1):
            return False
        return all(each.op in sources.OBSERVERS or self._left_out(each) for each in self._consumers[node])

    def _is_of_its_own(self, node):
        """Whether what goes into rows of a variable depends on that variable alone, as where some of them are zeroed.

        Which rows it reads to write them again does not matter.
        """
        target, rows, value = (source for source, _ in node.inputs)
        which = {(each, rows) for each in self._consumers[rows] if each.op in _GATHERS}
        depends_on = [each for each in in_order([value], which) if not each.inputs]
        return all(each is target or self._kinds[each] in (_CONSTANT, _SCALAR) for each in depends_on)

    def _is_state(self, variable):
        """Whether it is neither a weight nor the slot or average of one."""
        return (
            variable.op in VARIABLES and variable.name not in self._trainable and not self._is_beside_a_weight(variable)
        )

    def _is_beside_a_weight(self, variable):
        shapes = collections.ChainMap({variable.name: _shape(variable)}, self._weight_shapes)
        return names.owner(variable.name, shapes) is not None

    def _takes_on(self, node, target, value):
        """Whether a trainable variable is given what the model computes: it is a state, and nobody said so.

        Initial values, values that are fed, and multiples of what the variable was are not meant.
        """
        if target.name not in self._trainable or node.name == target.name + "/Assign":
            return False
        order = in_order([value])
        weights = {node.name for node in order if node.op in VARIABLES and node.name in self._trainable}
        return bool(weights) and not (weights == {target.name} and _keeps_zero(order, target))

    def _find_copies(self):
        return [
            (target, source)
            for node in self._nodes.every
            if node.op in ASSIGNMENTS and not self._left_out(node)
            for target, value in [_stored(node)]
            if target.name in self._trainable or self._is_state(target)
            for source in self._taken_over(value, target)
        ]

    def _taken_over(self, value, target):
        """The variables that a value has element by element, other than the one that it is for."""
        shape = list(_shape(target))
        seen, waiting, found = {value}, [value], []
        while waiting:
            node = waiting.pop()
            if node.op in VARIABLES:
                if node is not target and list(_shape(node)) == shape and not self._is_beside_a_weight(node):
                    found.append(node)
            elif node.op in _READS or node.op in _ELEMENTWISE and self._nodes.shape(node) == shape:
                following = [source for source, _ in node.inputs if source not in seen]
                waiting += following
                seen.update(following)
        return found

    def _find_penalties(self):
        """Pairs (sum of scalars, term of it that depends on weights alone)."""
        return {
            (node, source)
            for node in self._nodes.every
            if node.op in _ADDITIONS and self._kinds.get(node, _CONSTANT) > _WEIGHT and self._stays_scalar(node)
            for source, _ in node.inputs
            if self._kinds.get(source) == _WEIGHT
        }

    def _stays_scalar(self, node):
        """Whether nothing but scalars is computed from it, so that it is a loss and no part of a layer."""
        seen, waiting = {node}, [node]
        while waiting:
            node = waiting.pop()
            shapes = [self._nodes.shape(node, number) for number in range(self._nodes.outputs(node))]
            if node.op not in _COLLECTS and any(shape != [] for shape in shapes):
                return False
            following = {
                each for each in self._consumers[node] if each.op not in sources.OBSERVERS and not self._left_out(each)
            }
            waiting += following - seen
            seen |= following
        return True

    def _find_kinds(self):
        kinds = {}
        forward = [node for node in self._nodes.every if node not in self._gradients]
        for node in in_order(forward):
            kinds[node] = self._kind(node, {kinds.get(source, _DATA) for source, _ in node.inputs})
        return kinds

    def _kind(self, node, inputs):
        if node.op in _SIZES:  # whatever they count; who computes with it decides
            return _CONSTANT
        if not inputs:
            return self._source_kind(node)
        if _DATA in inputs or "Random" in node.op or node.op in ("Multinomial", "TruncatedNormal", "RestoreV2"):
            return _DATA
        if node.op in _GATHERS and self._nodes.shape(node.inputs[1][0]) != []:
            return _DATA
        if _SCALAR not in inputs:
            return max(inputs)
        if _WEIGHT in inputs:
            return _WEIGHT if node.op in _ELEMENTWISE else _DATA
        return _SCALAR if self._nodes.outputs(node) and self._nodes.shape(node) == [] else _DATA

    def _source_kind(self, node):
        if node.op == "Const":
            proto = node.attr["value"].tensor
            many = [size.size for size in proto.tensor_shape.dim if size.size > 1]
            alike = len(proto.float_val) == 1
            return _DATA if many and proto.dtype in elementwise.float_types() and not alike else _CONSTANT
        if node.op in VARIABLES:
            if node.name in self._trainable:
                return _WEIGHT
            return _SCALAR if _shape(node) == () else _DATA
        if node.op in ("Placeholder", "PlaceholderV2"):
            return _SCALAR if self._nodes.shape(node) == [] else _DATA
        return _CONSTANT if node.op == "NoOp" else _DATA


def _keeps_zero(order, variable):
    """Whether the last node of an order is zero wherever a variable is."""
    zero = set()
    for node in order:
        inputs = [source in zero for source, _ in node.inputs]
        if (
            node is variable
            or node.op == "ZerosLike"
            or (node.op in elementwise.ANY and any(inputs))
            or (node.op in elementwise.ALL and all(inputs))
            or (node.op in ("Select", "SelectV2") and all(inputs[1:]))
            or (node.op in _FROM_ZERO and inputs[:1] == [True])
        ):
            zero.add(node)
    return order[-1] in zero


def _shape(node):
    return tuple(size.size for size in node.attr["shape"].shape.dim)


def _stored(assignment):
    """(the variable that is stored into, the value)."""
    target, value = (source for source, _ in assignment.inputs[:2])
    while target.op in _READS:
        target = target.inputs[0][0]
    return target, value


def _consumers(nodes):
    found = {node: [] for node in nodes.every}
    for node in nodes.every:
        for source, _ in node.inputs:
            found[source].append(node)
    return found
