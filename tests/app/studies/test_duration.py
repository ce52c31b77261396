"""The announced duration follows real participants once five of them have done trials."""

from webmushra_app.studies.duration import STEP_S

QUICK_S = 7.0


def finish_trials(app, make_listener, **wish):
    """Take a session's first two trials in 7 s each."""
    listener = make_listener(app, **wish)
    listener.begin()
    listener.do_steps()
    for summary in listener.state()["trials"][:2]:
        assert listener.rate(summary["id"], trial_time_s=QUICK_S).status_code == 200


def test_four_sessions_change_nothing_and_the_fifth_does(make_app, stimulus_set, make_listener):
    app = make_app(stimulus_set)

    def announce():
        """Read the announcement from another process, which has measured nothing yet."""
        return make_app(stimulus_set).test_client().get("/api/v1/study").json

    before_s = announce()["estimate_s"]
    for _ in range(4):
        finish_trials(app, make_listener)
    for _ in range(2):
        finish_trials(app, make_listener, simulated=True)
    assert announce()["estimate_s"] == before_s
    finish_trials(app, make_listener)
    study = announce()
    n_pages = study["n_trials"] + study["n_training"]
    steps_s = sum(STEP_S[step] for step in study["steps"])
    assert study["estimate_s"] == steps_s + n_pages * QUICK_S
