from app.admin.columns import column_title


def test_a_column_has_a_name_for_people():
    assert [column_title(name) for name in ("asof", "tick_size", "id", "p")] == [
        "As of", "Tick size", "No.", "Probability of a rise",
    ]  # fmt: skip
