"""A sitting from consent to completion code, as the page lives it."""


def test_a_whole_sitting_ends_with_a_completion_code(listener):
    assert listener.begin().status_code == 201
    assert listener.do_steps().json["stage"] == "trials"
    listener.rate_all()
    state = listener.finish().json
    assert state["stage"] == "finished"
    assert len(state["completion"]["code"]) == 8
