"""Classes of indices: which positions of which dimensions stand or fall together.

A dimension of a tensor is a tuple of *segments*. A segment is a node, a run of consecutive indices, with the
weights that could make the tensor zero there. Tying two dimensions makes their nodes the same; where they are
cut in different places, nodes are split so that both are cut alike. What is one class at the end is a set of
indices that can only be removed together.
"""

from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

#: Variables, each with an axis: where all their weights of an index are zero, so is the tensor at that index.
Sources = FrozenSet[Tuple[str, int]]


class Segment(NamedTuple):
    """A run of indices: its node, and the weights that can make it zero (None where none can)."""

    node: int
    zero: Optional[Sources] = None


Dimension = Tuple[Segment, ...]


class Classes:
    """Union-find over runs of indices that can be split."""

    def __init__(self) -> None:
        self._parent: List[int] = []
        self._length: List[Optional[int]] = []
        self._parts: List[Optional[List[int]]] = []
        self._trained: List[bool] = []
        self._held: List[bool] = []
        self._pins: Dict[int, Dict[str, None]] = {}

    def new(self, length: Optional[int], trained: bool = False) -> int:
        """A node of ``length`` indices (None: not known); ``trained`` where a trainable variable has them."""
        self._parent.append(len(self._parent))
        self._length.append(length)
        self._parts.append(None)
        self._trained.append(trained)
        self._held.append(False)
        return len(self._parent) - 1

    def root(self, node: int) -> int:
        """The node that stands for all that ``node`` was tied with."""
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def nodes(self, node: int) -> List[int]:
        """The unsplit roots that ``node`` consists of, in order."""
        leaves, waiting = [], [node]
        while waiting:
            node = self.root(waiting.pop())
            parts = self._parts[node]
            if parts is None:
                leaves.append(node)
            else:
                waiting.extend(reversed(parts))
        return leaves

    def nodes_of(self, dimension: Iterable[Segment]) -> List[int]:
        """The unsplit roots of a dimension, in order."""
        return [leaf for segment in dimension for leaf in self.nodes(segment.node)]

    def expand(self, dimension: Sequence[Segment]) -> Dimension:
        """The dimension in unsplit roots."""
        return tuple(Segment(leaf, segment.zero) for segment in dimension for leaf in self.nodes(segment.node))

    def length(self, dimension: Iterable[Segment]) -> Optional[int]:
        """How many indices; None where not known."""
        total = 0
        for segment in dimension:
            length = self._length[self.root(segment.node)]
            if length is None:
                return None
            total += length
        return total

    def trained(self, dimension: Iterable[Segment]) -> bool:
        """Whether a trainable variable has some of these indices."""
        return any(self._trained[leaf] for segment in dimension for leaf in self.nodes(segment.node))

    def tie(self, first: Dimension, second: Dimension) -> Optional[Tuple[Dimension, Dimension]]:
        """Make two dimensions the same, index by index.

        Returns:
          Both, cut alike; None where their lengths differ or cannot be compared.
        """
        left, right = list(reversed(first)), list(reversed(second))
        tied: List[Tuple[Segment, Segment]] = []
        while left and right:
            one, other = self._pop(left), self._pop(right)
            a, b = self._length[one.node], self._length[other.node]
            if a is None and b is None and (left or right) and not self._may_be_tied(one.node, other.node):
                return None
            if one.node == other.node or a == b:
                self._union(one.node, other.node)
                tied.append((one, other))
            elif a is not None and b is not None:
                self._split(*((one.node, b) if b < a else (other.node, a)))
                left.append(one)
                right.append(other)
            else:
                unknown, known, alone = (one, other, not left) if a is None else (other, one, not right)
                rest = self.expand((known,) + tuple(reversed(right if a is None else left)))
                if not alone or any(unknown.node == segment.node for segment in rest):
                    return None
                self._stand_for(unknown.node, [segment.node for segment in rest])
                return self.tie(first, second)
        return None if left or right else (tuple(one for one, _ in tied), tuple(other for _, other in tied))

    def cut(self, dimension: Dimension, sizes: Sequence[int]) -> Optional[List[Dimension]]:
        """Consecutive pieces of the given sizes; None where the lengths are not known or do not add up."""
        if self.length(dimension) != sum(sizes):
            return None
        left = list(reversed(dimension))
        pieces = []
        for size in sizes:
            piece: List[Segment] = []
            missing = size
            while missing:
                segment = self._pop(left)
                length = self._length[segment.node]
                assert length is not None
                if length > missing:
                    self._split(segment.node, missing)
                    left.append(segment)
                else:
                    piece.append(segment)
                    missing -= length
            pieces.append(tuple(piece))
        return pieces

    def pin(self, dimension: Iterable[Segment], reason: str) -> None:
        """Indices that must all stay."""
        for segment in dimension:
            self._held[self.root(segment.node)] = True
            reasons = self._pins.setdefault(segment.node, {})
            if len(reasons) < 4:
                reasons[reason] = None

    def pins(self) -> Dict[int, List[str]]:
        """Why each unsplit root that is pinned is so."""
        found: Dict[int, Dict[str, None]] = {}
        for node, reasons in self._pins.items():
            for leaf in self.nodes(node):
                found.setdefault(leaf, {}).update(reasons)
        return {leaf: list(reasons) for leaf, reasons in found.items()}

    def _pop(self, stack: List[Segment]) -> Segment:
        """The first unsplit segment of a reversed dimension."""
        segment = stack.pop()
        leaves = self.nodes(segment.node)
        stack.extend(Segment(leaf, segment.zero) for leaf in reversed(leaves[1:]))
        return Segment(leaves[0], segment.zero)

    def _may_be_tied(self, one: int, other: int) -> bool:
        """Whether nothing can go wrong with two runs of unknown lengths that need not begin or end together."""
        return one == other or (self._held[one] and self._held[other])

    def _stand_for(self, unknown: int, nodes: List[int]) -> None:
        """A node of unknown length turns out to be these nodes in a row."""
        if len(nodes) == 1:
            self._union(nodes[0], unknown)
        else:
            self._parts[unknown] = nodes
            self._length[unknown] = self.length([Segment(node) for node in nodes])

    def _split(self, node: int, size: int) -> None:
        length = self._length[node]
        assert length is not None
        trained = self._trained[node]
        self._parts[node] = [self.new(size, trained), self.new(length - size, trained)]

    def _union(self, node: int, other: int) -> None:
        if node == other:
            return
        self._parent[other] = node
        self._trained[node] = self._trained[node] or self._trained[other]
        self._held[node] = self._held[node] or self._held[other]
