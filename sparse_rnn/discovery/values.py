"""What is known of the outputs of operations, and how a rule speaks of one operation."""

from sparse_rnn.discovery.classes import Segment


class Unfollowed(Exception):
    """A rule cannot say what becomes of its inputs; everything that they touch has to stay."""


#: What a rule raises at a form of its operation that nobody thought of. It pins as well; the tests let it through, so
#: that a slip in a rule is not taken for a pin.
UNFORESEEN = (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)


class Value:
    """A tensor.

    Attributes:
      dims: one Dimension per axis, or None where the rank is not known.
      pure: whether it is computed from weights and constants alone.
      const: its numbers where they are known while building, else None.
      counts: where it holds lengths of dimensions, an array of its shape: a counting.Count for each element or None.
    """

    __slots__ = ("dims", "pure", "const", "counts")

    def __init__(self, dims, pure=False, const=None, counts=None):
        self.dims = dims
        self.pure = pure
        self.const = const
        self.counts = counts

    def dimensions(self):
        """All dimensions that are in it."""
        return self.dims or []


class Variable:
    """A variable: what its handle or reference stands for."""

    __slots__ = ("name", "dims", "trainable", "reference")

    def __init__(self, name, dims, trainable, reference):
        self.name = name
        self.dims = dims
        self.trainable = trainable
        # A reference is read by whatever takes it, a handle by an operation of its own.
        self.reference = reference

    def dimensions(self):
        """All dimensions that are in it."""
        return self.dims or []


class Elements:
    """A TensorArray, a list of tensors or a stack: all that was ever put into it has the same dimensions.

    Lengths may be put into it as long as nobody reads it: loops do so to have them for their gradient.
    """

    __slots__ = ("_value", "_same_as", "_lengths", "_read")

    def __init__(self, value=None):
        self._value = value
        self._same_as = self
        self._lengths = []
        self._read = False

    @property
    def value(self):
        """What an element is like; None while nothing is known of it."""
        return self._root()._value

    @value.setter
    def value(self, value):
        self._root()._value = value

    def become(self, other):
        """From now on this list and the other are one."""
        value, root, into = self.value or other.value, self._root(), other._root()
        if root is not into:
            into._lengths += root._lengths
            into._read |= root._read
            root._same_as = into
        self.value = value

    def lengths_in_use(self, added=None, read=False):
        """The Values that hold lengths, if anybody reads them.

        Args:
          added: another such Value that is put in.
          read: whether it is read now.
        """
        root = self._root()
        root._lengths += [added] if added is not None else []
        root._read |= read
        return root._lengths if root._read else []

    def dimensions(self):
        """All dimensions that are in it."""
        return self.value.dimensions() if self.value is not None else []

    def _root(self):
        root = self
        while root._same_as is not root:
            root = root._same_as
        return root


class Step:
    """One operation while its rule is applied."""

    __slots__ = ("analysis", "scope", "node", "inputs")

    def __init__(self, analysis, scope, node, inputs):
        self.analysis = analysis
        self.scope = scope
        self.node = node
        self.inputs = inputs

    @property
    def classes(self):
        """The Classes of the whole analysis."""
        return self.analysis.classes

    def tensor(self, number):
        """Input ``number`` as a Value of known rank."""
        value = self.inputs[number]
        if isinstance(value, Variable):
            value = read(value)
        if not isinstance(value, Value) or value.dims is None:
            raise Unfollowed("has an input of unknown rank")
        return value

    def tensors(self):
        """All inputs as Values of known rank."""
        return [self.tensor(number) for number in range(len(self.inputs))]

    def constant(self, number):
        """The numbers of input ``number``."""
        value = self.inputs[number]
        if not isinstance(value, Value) or value.const is None:
            raise Unfollowed("depends on numbers that are not known while building")
        return value.const

    def attribute(self, name, kind):
        """An attribute of the node in the given kind of protobuf field, "i", "b", "s", "type", "func" or "list"."""
        return getattr(self.node.attr[name], kind)

    def shape(self, output=0):
        """The static shape of an output."""
        return self.scope.shape(self.node, output)

    def lengths(self, output=0):
        """The static shape of an output whose rank has to be known."""
        shape = self.shape(output)
        if shape is None:
            raise Unfollowed("has an output of unknown rank")
        return shape

    def fresh(self, length, pinned=None):
        """A dimension that has nothing to do with any other, pinned if a reason is given."""
        dimension = (Segment(self.classes.new(length)),)
        if pinned:
            self.pin(dimension, pinned)
        return dimension

    def fresh_value(self, output=0, pinned=None):
        """An output whose dimensions have nothing to do with any input's."""
        shape = self.shape(output)
        return Value(None if shape is None else [self.fresh(length, pinned) for length in shape])

    def pin(self, dimension, reason):
        """The dimension has to stay whole; the reason goes on from "this operation ..."."""
        self.classes.pin(dimension, "`{}` {}".format(self.node.name, reason))

    def tie(self, first, second):
        """Make two dimensions the same; both, cut alike."""
        tied = self.classes.tie(first, second)
        if tied is None:
            raise Unfollowed("relates dimensions of different or unknown lengths")
        return tied

    def alike(self, first, second):
        """Tie two dimensions; the result is zero where both are."""
        return tuple(
            Segment(one.node, one.zero | other.zero if one.zero and other.zero else None)
            for one, other in zip(*self.tie(first, second))
        )

    def tie_all(self, first, second):
        """Tie all dimensions of two values of equal rank."""
        if len(first.dims) != len(second.dims):
            raise Unfollowed("relates tensors of different ranks")
        for one, other in zip(first.dims, second.dims):
            self.tie(one, other)

    def cut(self, dimension, sizes):
        """Consecutive pieces of a dimension."""
        pieces = self.classes.cut(dimension, sizes)
        if pieces is None:
            raise Unfollowed("cuts a dimension of unknown length")
        return pieces

    def divided_by(self, value):
        """Note the weights that must not all become zero."""
        for segment in (each for dimension in value.dims for each in dimension if each.zero):
            for variable, axis in segment.zero:
                self.analysis.divisors[variable, axis, segment.node] = self.node.name

    def contract(self, one, dimension, other, counterpart):
        """A product of ``one`` and ``other`` is summed over these dimensions of them.

        A weight reads the units: where it is zero, nothing is learnt of them. Two activations read each other.
        """
        for first, second in zip(*self.tie(dimension, counterpart)):
            zero = _readers(first.zero if one.pure else None, second.zero if other.pure else None, first, second)
            if zero:
                self.analysis.reads.update((variable, axis, first.node) for variable, axis in zero)
            else:
                self.pin((first,), "multiplies activations and sums over the units, with no weight of theirs between")


def _readers(pure_first, pure_second, first, second):
    return pure_second or pure_first or second.zero or first.zero


def read(variable):
    """The value of a variable.

    Each dimension of a weight is zero where its weights are. What is not trained promises nothing: it may be
    state, and another thing at every step.
    """
    if variable.dims is None or not variable.trainable:
        return Value(variable.dims)
    return Value(
        [
            tuple(Segment(segment.node, frozenset([(variable.name, axis)])) for segment in dimension)
            for axis, dimension in enumerate(variable.dims)
        ],
        pure=True,
    )


def without_zero(dimension):
    """The dimension with no weights behind it."""
    return tuple(Segment(segment.node) for segment in dimension)


def tracked(value):
    """A copy that promises nothing of what it was computed from: only which indices belong together."""
    if not isinstance(value, Value) or value.dims is None:
        return value
    return Value([without_zero(dimension) for dimension in value.dims])
