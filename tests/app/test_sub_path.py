"""The application under a sub-path: stripped by the proxy or not, addresses are built with it."""

import pytest

from webmushra_app.config import ConfigError, production_config

SECRET = "abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize("path", ["/test/api/v1/study", "/api/v1/study"])
def test_requests_are_answered_with_and_without_the_sub_path(make_app, stimulus_set, path):
    app = make_app(stimulus_set, prefix="/test")
    assert app.test_client().get(path).status_code == 200


def test_addresses_are_built_with_the_sub_path(make_app, stimulus_set):
    client = make_app(stimulus_set, prefix="/test").test_client()
    assert 'src="/test/static/main.js"' in client.get("/test/").text
    moved = client.get("/test")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/test/")
    assert client.get("/testing/").status_code == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOFX_PREFIX", "test"),
        ("AUTOFX_PREFIX", "/test/"),
        ("AUTOFX_FRAME_ANCESTORS", "survey.example.org"),
        ("AUTOFX_FRAME_ANCESTORS", "https://a.org; script-src *"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(name, value):
    with pytest.raises(ConfigError, match=name) as caught:
        production_config({"AUTOFX_SECRET_KEY": SECRET, name: value})
    assert "\n" not in str(caught.value)
