"""The front door: S3-S7 of the fault catalogue, on a Dash app with real callbacks."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from types import SimpleNamespace

import pytest
from dash import ALL, Dash, Input, Output, State, dcc, html
from hypothesis import given
from hypothesis import strategies as st

from app.deps import AppDeps
from app.factory import create_app
from app.rates import LIMITS, Rates, kind_of_callback
from app.security import BODY_MAX_BYTES, CALLBACK_PATH, is_own_page, protect, trusted_hosts
from engine.clock import FakeClock
from engine.state.bus import StateBus
from tests.examples import examples


def make_app() -> Dash:
    app = Dash("app", enable_mcp=False, on_error=lambda error: "failed")
    app.layout = html.Div(
        [
            dcc.Input(id="in", value="a"),
            dcc.Store(id="memory"),
            html.Div(id="out"),
            html.Div(id="shout"),
            html.Div(id="sum"),
            html.Div(id="strange"),
            dcc.Input(id={"kind": "x", "n": 1}),
        ]
    )

    @app.callback(Output("out", "children"), Input("in", "value"), State("memory", "data"))
    def echo(value, memory):
        if value == "boom":
            raise RuntimeError("secret Traceback text")
        return f"{value}/{memory}"

    @app.callback(Output("sum", "children"), Input({"kind": "x", "n": ALL}, "value"))
    def wildcard(values):
        return len(values)

    @app.callback(Output("strange", "children"), Input("in", "value"), on_error=None)
    def unserialisable(value):
        return {1, 2}

    app.clientside_callback("function(v){return v;}", Output("shout", "children"), Input("in", "value"))
    return app


@pytest.fixture(scope="module")
def client():
    app = make_app()
    protect(app)

    @app.server.get("/broken")
    def broken():
        raise RuntimeError("secret Traceback text")

    return app.server.test_client()


def body(**changes):
    whole = {
        "output": "out.children",
        "outputs": {"id": "out", "property": "children"},
        "inputs": [{"id": "in", "property": "value", "value": "hello"}],
        "state": [{"id": "memory", "property": "data", "value": 1}],
        "changedPropIds": ["in.value"],
    }
    return {**whole, **changes}


def test_a_page_of_ours_is_answered(client):
    answer = client.post(
        CALLBACK_PATH, json=body(), headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 200
    assert answer.json["response"]["out"]["children"] == "hello/1"


def test_wildcards_are_answered(client):
    wild = {
        "output": "sum.children",
        "outputs": {"id": "sum", "property": "children"},
        "inputs": [[{"id": {"kind": "x", "n": 1}, "property": "value", "value": "v"}]],
        "changedPropIds": [],
    }
    assert client.post(CALLBACK_PATH, json=wild).json["response"]["sum"]["children"] == 1


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/_dash-dependencies", "/assets/x.css", "/no/such/page"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8052", "127.0.0.1.evil.example", "[::1]", "192.168.1.5"]
)
def test_a_foreign_host_gets_400_everywhere(client, path, host):
    assert client.get(path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8052", "localhost:9"])
def test_our_names_are_answered_with_any_port(client, host):
    assert client.get("/_dash-layout", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "more", "own"),
    [
        ("127.0.0.1", None, []),
        ("::1", None, ["[::1]"]),
        ("::", None, ["[::1]"]),
        ("0.0.0.0", "qtrade.example.org, desk", ["qtrade.example.org", "desk"]),
        ("192.168.1.5", None, ["192.168.1.5"]),
    ],
)
def test_names_are_those_of_this_computer_where_it_listens_and_what_was_set(host, more, own):
    assert trusted_hosts(host, more) == ["127.0.0.1", "localhost", *own]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:8053"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_sites_page_is_refused(client, headers):
    assert client.post(CALLBACK_PATH, json=body(), headers=headers).status_code == 403


def test_scripts_without_browser_headers_are_not():
    assert is_own_page("localhost:8052", "http", None, None)
    assert is_own_page("localhost:8052", "http", "http://localhost:8052", "same-origin")
    assert not is_own_page("localhost:8052", "http", "http://localhost:80520", None)


@pytest.mark.parametrize(
    ("data", "content_type", "code"),
    [
        ("x", "text/plain", 415),
        ("a=1", "application/x-www-form-urlencoded", 415),
        ("{", "application/json", 400),
        ("{}", "application/json", 400),
        ("[]", "application/json", 400),
        ("null", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"", "application/json", 400),
        (json.dumps(body(output="gone.children")), "application/json", 409),
        (json.dumps(body(output="shout.children")), "application/json", 409),
        (json.dumps(body(inputs=[])), "application/json", 409),
        (json.dumps(body(state=[{"id": "memory", "property": "other"}])), "application/json", 409),
        (json.dumps(body(inputs=[{"id": "was", "property": "value"}])), "application/json", 409),
        (json.dumps(body(inputs=[{"id": "in"}])), "application/json", 400),
        (json.dumps(body(output=5)), "application/json", 400),
        (json.dumps(body(outputs=[])), "application/json", 409),
        (json.dumps(body(outputs=None)), "application/json", 409),
        (json.dumps(body(outputs={})), "application/json", 409),
        (json.dumps(body(outputs={"id": "out", "property": "other"})), "application/json", 409),
        (json.dumps(body(outputs=[{"id": "out", "property": "children"}])), "application/json", 409),
        (b" " * (BODY_MAX_BYTES + 1), "application/json", 413),
    ],
)
def test_a_body_that_no_page_sends_gets_a_4xx_with_words(client, data, content_type, code):
    answer = client.post(CALLBACK_PATH, data=data, content_type=content_type)
    assert answer.status_code == code
    assert answer.json["error"]
    assert answer.json.get("reload", False) is (code in (400, 409))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@examples(100)
@given(
    st.dictionaries(st.sampled_from(["output", "outputs", "inputs", "state", "changedPropIds", "other"]), JUNK),
    st.booleans(),
)
def test_no_body_makes_a_5xx(client, changes, on_top_of_a_good_one):
    logging.disable(logging.CRITICAL)
    try:
        answer = client.post(CALLBACK_PATH, json=body(**changes) if on_top_of_a_good_one else changes)
    finally:
        logging.disable(logging.NOTSET)
    assert answer.status_code < 500
    assert b"Traceback" not in answer.data


def test_a_refused_body_is_one_short_line_in_the_log(client, caplog):
    with caplog.at_level(logging.WARNING, "qtrade.web"):
        for bad in ({"outputs": []}, {"output": "x" * 50_000}, {"inputs": [{"id": "y" * 50_000}]}):
            client.post(CALLBACK_PATH, json=body(**bad))
    assert len(caplog.records) == 3
    assert all(len(record.getMessage()) < 200 and record.exc_info is None for record in caplog.records)


def test_what_a_callback_had_found_never_stands_in_the_log(client, caplog):
    """Dash's own complaint about an answer holds the whole of it."""
    strange = body(output="strange.children", outputs={"id": "strange", "property": "children"}, state=[])
    with caplog.at_level(logging.DEBUG):
        client.post(CALLBACK_PATH, json=strange)
    (record,) = (each for each in caplog.records if each.name == "qtrade.web")
    assert record.exc_info is None and " at " in record.getMessage() and len(record.getMessage()) < 200


def test_an_address_is_a_text(caplog):
    app = create_app(AppDeps(state=StateBus(None, FakeClock())))
    client = app.server.test_client()
    for value, code in (({}, 409), (5, 409), ([], 409), ("/lines", 200)):
        inputs = [{"id": "_pages_location", "property": name, "value": value} for name in ("pathname", "search")]
        outputs = [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}]
        output = ".._pages_content.children..._pages_store.data.."
        asked = {"output": output, "outputs": outputs, "inputs": inputs, "changedPropIds": []}
        assert client.post(CALLBACK_PATH, json=asked).status_code == code
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- how often ------------------------------------------------------------------------------------------------------


@pytest.fixture
def limited():
    now = [0.0]
    app = make_app()
    protect(app, rates=Rates(lambda: now[0]))

    @app.server.post("/any/new/route")
    def new():
        return {}

    @app.server.get("/fills/export")
    def export():
        return {}

    return app.server.test_client(), now


def test_changes_are_limited_and_told_when_to_try_again(limited):
    client, now = limited
    ask = body(inputs=[{"id": "in", "property": "value", "value": {"action": "apply"}}])
    codes = [client.post(CALLBACK_PATH, json=ask).status_code for _ in range(200)]
    assert codes.count(200) == LIMITS["command"].burst and set(codes) == {200, 429}
    refused = client.post(CALLBACK_PATH, json=ask)
    assert refused.json["error"] == "Too many changes at once. Try again in 1 s."
    assert refused.headers["Retry-After"] == "1"
    now[0] += 1.0
    assert [client.post(CALLBACK_PATH, json=ask).status_code for _ in range(6)] == [200] * 5 + [429]


@pytest.mark.parametrize(
    ("value", "kind"),
    [({"action": "probe"}, "test"), ({"action": "something new"}, "command"), ({"action": ["?"]}, "command"),
     ({"action": "preview"}, "question"), ("text", "callback")],
)  # fmt: skip
def test_a_form_counts_by_its_action(value, kind, limited):
    client, _now = limited
    ask = body(inputs=[{"id": "in", "property": "value", "value": value}])
    codes = [client.post(CALLBACK_PATH, json=ask).status_code for _ in range(80)]
    assert codes.count(200) == LIMITS[kind].burst


def test_a_route_that_nobody_named_has_a_limit_too(limited):
    client, _now = limited
    assert [client.post("/any/new/route", json={}).status_code for _ in range(40)].count(429) == 30
    assert [client.get("/fills/export").status_code for _ in range(10)].count(429) == 8
    assert {client.get("/_dash-layout").status_code for _ in range(300)} == {200}


def test_one_client_does_not_use_up_anothers(limited):
    client, _now = limited
    for _ in range(20):
        client.post("/any/new/route", json={})
    other = client.post("/any/new/route", json={}, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert other.status_code == 200
    same = client.post("/any/new/route", json={}, environ_base={"REMOTE_ADDR": "127.0.0.77"})
    assert same.status_code == 429, "this computer is one client"


def test_every_callback_of_the_program_has_a_kind():
    app = create_app(AppDeps(state=StateBus(None, FakeClock())))
    kinds = {
        output: kind_of_callback(output, [SimpleNamespace(value=None, **each) for each in spec["inputs"]])
        for output, spec in app.callback_map.items()
        if "callback" in spec
    }
    assert set(kinds.values()) <= set(LIMITS)
    assert kinds["health-said.children"] == "reconnect" and kinds["symbol-said.children"] == "command"
    for output, spec in app.callback_map.items():
        if any(each["property"] == "n_clicks" for each in spec["inputs"]) and "callback" in spec:
            assert kinds[output] != "callback", f"{output} is a button and has no limit of its own"


def test_a_callback_that_raises_ends_in_on_error(client):
    answer = client.post(CALLBACK_PATH, json=body(inputs=[{"id": "in", "property": "value", "value": "boom"}]))
    assert answer.status_code == 200
    assert b"Traceback" not in answer.data


def test_a_callback_that_returns_a_set_is_no_5xx(client, caplog):
    strange = body(output="strange.children", outputs={"id": "strange", "property": "children"}, state=[])
    with caplog.at_level(logging.ERROR, "qtrade.web"):
        answer = client.post(CALLBACK_PATH, json=strange)
    assert answer.status_code < 500
    assert b"Traceback" not in answer.data


def test_an_error_of_ours_is_said_without_a_traceback(client, caplog):
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert b"Traceback" not in answer.data and b"secret" not in answer.data
    assert "secret" in caplog.text  # the log has it


def test_changing_methods_elsewhere_are_refused(client):
    assert client.post("/_dash-layout", json={}).status_code == 405
    assert client.delete("/", json={}).status_code == 405
    assert client.put("/", data="x").status_code == 415


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/_dash-dependencies", "/broken"])
def test_headers_are_on_every_answer(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        assert part in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in re.search(r"script-src[^;]*", policy)[0]


def test_every_inline_script_of_the_page_is_in_the_policy(client):
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    page = re.sub(r"<!--.*?-->", "", answer.text, flags=re.DOTALL)  # Dash's note to Internet Explorer never runs
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", page, re.DOTALL)
    assert inline
    for script in inline:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_component_files_may_be_kept_by_the_browser(client):
    source = re.search(r'src="(/_dash-component-suites/[^"]+)"', client.get("/").text)[1]
    answer = client.get(source)
    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")


def test_the_policy_is_complete_before_the_first_request_of_all():
    """Dash adds a script of its own when it sets its pages up; two first requests at once must not miss it."""
    app = create_app(AppDeps(state=StateBus(None, FakeClock())))
    hashes = app.csp_hashes()
    page = app.server.test_client().get("/")
    shown = re.sub(r"<!--.*?-->", "", page.text, flags=re.S)  # what only Internet Explorer would run
    scripts = re.findall(r"<script>(.*?)</script>", shown, re.S)
    assert scripts, "the script that Dash adds for its pages"
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in hashes
        assert f"'sha256-{digest}'" in page.headers["Content-Security-Policy"]
