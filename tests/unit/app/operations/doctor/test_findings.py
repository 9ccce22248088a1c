from app.operations.doctor.findings import Finding, count_levels, without_secrets


def test_levels_are_counted_the_gravest_first_and_each_is_present():
    found = [Finding("a", "ok", ""), Finding("b", "wrong", ""), Finding("c", "ok", "")]

    assert list(count_levels(found).items()) == [("wrong", 1), ("warning", 0), ("unknown", 0), ("ok", 2)]


def test_no_line_tells_a_secret():
    found = [Finding("a", "wrong", "refused: pa55word is it", "not pa55word, but another")]

    [told] = without_secrets(found, ["", "pa55word"])

    assert (told.detail, told.fix) == ("refused: *** is it", "not ***, but another")
