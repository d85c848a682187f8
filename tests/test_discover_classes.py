"""Classes of indices: cutting dimensions, tying them, pinning them."""

from sparse_rnn.discovery.classes import Classes, Segment


def dimension(classes, *lengths):
    return tuple(Segment(classes.new(length)) for length in lengths)


def lengths(classes, of):
    return [classes.length((segment,)) for segment in classes.expand(of)]


def test_tying_dimensions_with_different_cuts_refines_both():
    classes = Classes()
    first, second = dimension(classes, 3, 5), dimension(classes, 4, 4)
    classes.tie(first, second)
    assert lengths(classes, first) == lengths(classes, second) == [3, 1, 4]
    assert [each.node for each in classes.expand(first)] == [each.node for each in classes.expand(second)]


def test_a_dimension_tied_with_itself_moved_by_one_is_one_class_of_single_indices():
    classes = Classes()
    whole = dimension(classes, 6)
    _, tail = classes.cut(whole, [1, 5])
    head, _ = classes.cut(whole, [5, 1])
    classes.tie(head, tail)
    assert len({segment.node for segment in classes.expand(whole)}) == 1
    assert lengths(classes, whole) == [1] * 6


def test_a_length_that_is_not_known_becomes_what_it_is_tied_with():
    classes = Classes()
    unknown, known = dimension(classes, None), dimension(classes, 2, 3)
    classes.tie(unknown, known)
    assert classes.length(unknown) == 5
    assert classes.tie(unknown, dimension(classes, 6)) is None


def test_runs_of_unknown_lengths_are_only_tied_one_by_one_where_they_are_pinned_anyway():
    classes = Classes()
    assert classes.tie(dimension(classes, None), dimension(classes, None)) is not None
    first, second = dimension(classes, None, None), dimension(classes, None, None)
    assert classes.tie(first, second) is None
    assert classes.tie(first, first) is not None
    classes.pin(first + second, "data")
    assert classes.tie(first, second) is not None


def test_pins_of_a_class_stay_with_its_parts():
    classes = Classes()
    whole = dimension(classes, 6)
    classes.pin(whole, "must stay")
    first, second = classes.cut(whole, [2, 4])
    classes.tie(second, dimension(classes, 4))
    assert sorted(classes.pins()) == sorted(segment.node for segment in classes.expand(first + second))
