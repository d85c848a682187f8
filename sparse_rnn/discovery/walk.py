"""The walk over a graph, from what goes in to what comes out, that applies each operation's rule."""

from sparse_rnn.compat import tf
from sparse_rnn.discovery import (
    cells,
    control,
    elementwise,
    lists,
    order,
    products,
    reshaping,
    shapes,
    slicing,
    sources,
    values,
)
from sparse_rnn.discovery.classes import Classes, Segment
from sparse_rnn.discovery.counting import follow, pin_all, pin_counted
from sparse_rnn.discovery.folding import fold
from sparse_rnn.discovery.values import Elements, Step, Unfollowed, Value, Variable

#: Operation type -> the rule that relates its outputs to its inputs. What has none pins what it touches.
RULES = {}
for _family in (cells, control, elementwise, lists, order, products, reshaping, shapes, slicing, sources):
    RULES.update(_family.rules())


class Scope:
    """A graph or a function's body while it is walked: its Nodes, and the outputs of each node so far."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.values = {}
        self.shape = nodes.shape
        self.outputs = nodes.outputs


class Analysis:
    """All that a walk finds out.

    Attributes:
      classes: the Classes.
      variables: name -> Variable.
      reads: (variable, axis, node): a sum over these units has these weights in it.
      ranges: nodes of a dimension -> {start: piece} of the ranges that are cut out of it.
      stored: name of a trainable variable -> an operation that stores into it what is computed from data.
      divisors: (variable, axis, node) -> an operation that divides by these weights alone.
      fed: (name, Value) of each placeholder.
      constants: (name, Value, array) of each constant whose numbers differ.
      rounds: the Merges of loops, to be tied with what comes back.
    """

    def __init__(self, trainable):
        self.classes = Classes()
        self.variables = {}
        self.reads = set()
        self.ranges = {}
        self.stored = {}
        self.divisors = {}
        self.fed = []
        self.constants = []
        self.rounds = []
        self._trainable = trainable
        self._bodies = {}

    def walk(self, scope, nodes):
        """Apply the rules to ``nodes``, which are in an order in which inputs come first."""
        for node in nodes:
            scope.values[node] = self._apply(scope, node)
        rounds, self.rounds = self.rounds, []
        for step, result in rounds:
            control.close(step, result)

    def variable(self, node):
        """The Variable that a node makes."""
        if node.name not in self.variables:
            trainable = node.name in self._trainable
            proto = node.attr["shape"].shape
            dims = None
            if not proto.unknown_rank:
                sizes = [size.size if size.size >= 0 else None for size in proto.dim]
                dims = [(Segment(self.classes.new(size, trainable)),) for size in sizes]
            self.variables[node.name] = Variable(node.name, dims, trainable, node.op != "VarHandleOp")
        return self.variables[node.name]

    def copied(self, target, source):
        """Two variables, one of which takes on the values of the other, have the same indices."""
        for one, other in zip(self.variable(target).dimensions(), self.variable(source).dimensions()):
            self.classes.tie(one, other)

    def tie_equal_ranges(self):
        """Ranges of one length that make up a dimension are of one length in a smaller model, too: they go together."""
        length = self.classes.length
        for nodes, pieces in self.ranges.items():
            first = pieces[min(pieces)]
            size, whole = length(first), length(Segment(node) for node in nodes)
            if all(length(piece) == size for piece in pieces.values()) and size * len(pieces) == whole:
                if sorted(pieces) == list(range(0, whole, size)):
                    for piece in pieces.values():
                        self.classes.tie(first, piece)

    def call(self, step, name, arguments):
        """The results of a function of the graph for these arguments."""
        nodes, inputs, results = self._body(step.scope, name, arguments)
        scope = Scope(nodes)
        for node, value in zip(inputs, arguments):
            scope.values[node] = [value]
        wanted = [node for node, _ in results] + [node for node in nodes.every if _stores(nodes, node)]
        outer, self.rounds = self.rounds, []
        self.walk(scope, [node for node in in_order(wanted) if node not in scope.values])
        self.rounds = outer
        return [scope.values[node][number] for node, number in results]

    def handed_on(self, scope, name):
        """Numbers of the arguments that a loop's body hands on as they are."""
        function = scope.nodes.library.get(name)
        if function is None:
            raise Unfollowed("calls a function that is not in the graph")
        producers = {node.name: node for node in function.node_def}
        kept = set()
        for number, (argument, result) in enumerate(zip(function.signature.input_arg, function.signature.output_arg)):
            source = function.ret[result.name].partition(":")[0]
            while source in producers and producers[source].op == "Identity":
                source = producers[source].input[0].partition(":")[0]
            if source == argument.name:
                kept.add(number)
        return kept

    def _body(self, scope, name, arguments):
        lengths = tuple(
            tuple(self.classes.length(dimension) for dimension in value.dims)
            if isinstance(value, Value) and value.dims is not None
            else None
            for value in arguments
        )
        key = scope.nodes, name, lengths
        if key not in self._bodies:
            if name not in scope.nodes.library:
                raise Unfollowed("calls a function that is not in the graph")
            try:
                self._bodies[key] = scope.nodes.body(name, lengths)
            except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:
                raise Unfollowed("calls a function that cannot be followed ({})".format(error)) from error
        return self._bodies[key]

    def _apply(self, scope, node):
        step = Step(self, scope, node, [self._input(scope, node, *each) for each in node.inputs])
        rule = RULES.get(node.op)
        try:
            if rule is None:
                raise Unfollowed("is an operation ({}) that is not followed".format(node.op))
            outputs = rule(step)
            fold(step, outputs)
        except Unfollowed as why:
            outputs = self._unfollowed(step, str(why))
        except values.UNFORESEEN:
            outputs = self._unfollowed(step, "is an operation ({}) in a form that is not followed".format(node.op))
        follow(step, outputs)
        return outputs

    def _input(self, scope, node, source, number):
        if source in scope.values:
            return scope.values[source][number]
        if source.op in ("NextIteration", "RefNextIteration"):
            return None
        # Left out on purpose: a penalty in a sum.
        shape = scope.shape(source, number)
        return Value(None if shape is None else [(Segment(self.classes.new(length)),) for length in shape])

    def _unfollowed(self, step, why):
        for value in step.inputs:
            if isinstance(value, Elements):
                value.value = value.value or Value(None)  # whatever will be put into it
                pin_all(step, value.lengths_in_use(read=True))
            for dimension in value.dimensions() if value is not None else ():
                step.pin(dimension, why)
            pin_counted(step, value)
        return [step.fresh_value(number, why) for number in range(step.scope.outputs(step.node))]


def _stores(nodes, node):
    """Whether an operation of a function has no output but an effect that counts."""
    return not nodes.outputs(node) and node.op not in sources.OBSERVERS and node.op != "NoOp"


def in_order(wanted, left_out=frozenset()):
    """Nodes that ``wanted`` depend on and themselves, inputs first; a loop's way back comes after the loop.

    Args:
      wanted: nodes.
      left_out: pairs (node, input node) that are not followed.
    """
    order, finished, opened = [], set(), set()
    wanted = list(wanted)
    for start in wanted:  # grows by the ways back that are met
        waiting = [start]
        while waiting:
            node = waiting[-1]
            if node in opened:
                waiting.pop()
                if node not in finished:
                    finished.add(node)
                    order.append(node)
                continue
            opened.add(node)
            for source, _ in node.inputs:
                if source in opened or (node, source) in left_out:
                    continue
                (wanted if source.op.endswith("NextIteration") else waiting).append(source)
    return order
