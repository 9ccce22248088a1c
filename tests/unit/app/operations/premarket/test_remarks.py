from app.operations.premarket.remarks import GRAVITY, Gravity, Remark, gravities, in_order, remarks_of, together

DATA, MODEL = Remark(Gravity.DATA, "2 days from bars alone"), Remark(Gravity.MODEL, "held")


def test_symbols_of_which_the_same_is_to_be_said_share_a_sentence() -> None:
    assert together([("ES", DATA), ("NQ", MODEL), ("CL", DATA)]) == [
        Remark(Gravity.DATA, "ES, CL: 2 days from bars alone"),
        Remark(Gravity.MODEL, "NQ: held"),
    ]


def test_a_sentence_is_told_once_at_its_gravest_and_the_others_as_they_came() -> None:
    told = [DATA, Remark(Gravity.DATA, "b"), Remark(Gravity.DATA, "a"), Remark(Gravity.FAILED, "b")]

    assert in_order(told) == [Remark(Gravity.FAILED, "b"), DATA, Remark(Gravity.DATA, "a")]


def test_what_a_row_keeps_is_read_back_and_what_it_does_not_know_is_about_data() -> None:
    detail = {GRAVITY: gravities([MODEL])}

    assert remarks_of(["held", "else"], detail) == [MODEL, Remark(Gravity.DATA, "else")]
