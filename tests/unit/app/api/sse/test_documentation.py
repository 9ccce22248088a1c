from app.api.sse.documentation import event_stream


def test_each_event_of_a_stream_is_named_and_told_of():
    media = event_stream("Events", {"alert": "an alert", "reset": "ask for all"}, ": hb\n\n")["content"]
    told = media["text/event-stream"]

    assert told["schema"]["properties"]["event"]["enum"] == ["alert", "reset"]
    assert "reset: ask for all" in told["schema"]["properties"]["event"]["description"]
    assert told["example"] == ": hb\n\n"
    assert "example" not in event_stream("Events", {"alert": "an alert"})["content"]["text/event-stream"]
