import threading

import pytest
import schemathesis
from flask import Flask, request
from werkzeug.serving import make_server

from tests.faults.harness.fuzzing import CHECKS, Fuzzed, configured, fuzz
from tests.faults.scenarios.fuzz_api import judge

KEY = {"Authorization": "Bearer right"}
SHAPE = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
HEADERS = {"X-Pages": {"required": True, "schema": {"type": "integer"}}}
LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}
# What each address does wrong, as its answer.
FAULTS = {
    "not_a_server_error": lambda: ({"n": 1}, 500, {"X-Pages": "1"}),
    "status_code_conformance": lambda: ({"n": 1}, 203, {"X-Pages": "1"}),
    "content_type_conformance": lambda: ("n", 200, {"X-Pages": "1", "Content-Type": "text/csv"}),
    "response_headers_conformance": lambda: ({"n": 1}, 200),
    "response_schema_conformance": lambda: ({"n": "1"}, 200, {"X-Pages": "1"}),
    "negative_data_rejection": lambda: ({"n": 1}, 200, {"X-Pages": "1"}),
    "ignored_auth": lambda: ({"n": 1}, 200, {"X-Pages": "1"}),
}


def specification():
    answer = {"description": "n", "headers": HEADERS, "content": {"application/json": {"schema": SHAPE}}}
    responses = {"200": answer, "400": {"description": "wrong"}, "401": {"description": "nobody"}}
    paths = {
        f"/{name}": {
            "get": {"operationId": name, "security": [{"key": []}], "parameters": [LIMIT], "responses": responses}
        }
        for name in FAULTS
    }
    schemes = {"key": {"type": "http", "scheme": "bearer"}}
    told = {"openapi": "3.1.0", "info": {"title": "wrong", "version": "1"}, "paths": paths}
    return {**told, "components": {"securitySchemes": schemes}}


def faulty():
    made = Flask("faulty")

    @made.get("/openapi.json")
    def show():
        return specification()

    @made.get("/<name>")
    def answer(name):
        if name != "ignored_auth" and request.headers.get("Authorization") != KEY["Authorization"]:
            return "", 401
        if name != "negative_data_rejection" and not request.args.get("limit", "1").isdigit():
            return "", 400
        return FAULTS[name]()

    return made


@pytest.fixture
def found():
    server = make_server("127.0.0.1", 0, faulty(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told = Fuzzed()
    try:
        address = f"http://127.0.0.1:{server.port}/openapi.json"
        phases = ("coverage", "fuzzing")
        fuzz(schemathesis.openapi.from_url(address, config=configured(1, 5, KEY, phases), headers=KEY), told)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return told


def test_every_kind_of_broken_promise_is_seen_where_it_is_broken(found):
    seen = {tuple(line.split(": ")[:2]) for line in found.broken}

    assert {(f"GET /{name}", name) for name in CHECKS} <= seen


def test_the_judge_fails_a_server_that_breaks_promises_and_a_trial_that_asks_too_little(found):
    assert len(judge(found, 0).wrong) > len(CHECKS)
    assert any("only" in sentence for sentence in judge(Fuzzed(), 10).wrong)
