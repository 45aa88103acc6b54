#!/usr/bin/env python3
"""AWS for tests: moto behind a front that takes one request at a time and fails on demand.

    aws.py PORT          serves on 127.0.0.1 until it is killed

moto answers requests in threads and checks S3 preconditions before it acts, so that two writers can
both win. The front's lock makes each request atomic, as S3 promises. What moto lacks of AWS is in
`batch`, `corrections`, `answers` and `simulator`; `engine/docs/emulator.md` lists where it still differs.

Faults are set by a client:

    POST /_faults [{"service": "s3", "op": "PutObject", "nth": 2, "times": 1, "do": "lose"}, ...]
    GET  /_faults        {"rules": [...], "calls": [[service, operation, fault], ...]}

What IAM would check of whoever sent the requests is listed at /_checks, as [account, service, operation,
checks], by `checks`.

Every request is checked against its service's public model (`shapes`); one that does not fit is
refused, and listed at /_invalid.

`service` and `op` may be left out; `nth` counts matching requests from 1; `times` 0 means from then
on. What is done instead of answering:

    error   nothing takes effect; the answer is `status` (500) with `code` (InternalError)
    lose    it takes effect, and the connection is cut before the answer
    cut     the connection is cut before it takes effect
    delay   the answer comes `ms` milliseconds later
"""

import io
import json
import re
import socket
import sys
import threading
import time

import answers
import batch  # noqa: F401
import checks
import corrections  # noqa: F401
import moto.backends
import moto.s3.models
import shapes
import simulator
from moto.core.config import default_user_config
from moto.iam.access_control import PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

# moto reads no conditions: a policy that denies what does not come through TLS would deny all.
moto.s3.models.FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL

# Jobs would need a container engine otherwise.
default_user_config["batch"] = {"use_docker": False}

# moto looks at every folder of its own for each request.
MODULES = sorted(moto.backends.list_of_moto_modules())
moto.backends.list_of_moto_modules = lambda: MODULES


def operation(env, body):
    """The service that a request is signed for, and the operation."""
    signed = re.search(
        r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", env.get("HTTP_AUTHORIZATION", "")
    )
    service = signed.group(1) if signed else "?"
    if target := env.get("HTTP_X_AMZ_TARGET"):
        return service, target.rsplit(".", 1)[-1]
    if action := re.search(rb"(?:^|&)Action=(\w+)", body):
        return service, action.group(1).decode()
    path = env["PATH_INFO"].strip("/")
    if "tags/arn:" in path:
        kinds = {"POST": "TagResource", "DELETE": "UntagResource", "GET": "ListTagsForResource"}
        return service, kinds[env["REQUEST_METHOD"]]
    if service != "s3":
        return service, path.rsplit("/", 1)[-1]
    query = env.get("QUERY_STRING", "")
    kind = "Object" if "/" in path else "Bucket"
    part = "" if not query or query.startswith("x-id") else ":" + re.split("[=&]", query)[0]
    return service, env["REQUEST_METHOD"].capitalize() + kind + part


def refusal(service, code, status, message="injected"):
    """An error as the service writes it."""
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        kind = "application/xml"
    elif service == "ec2":
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body, kind = f"<Response><Errors>{error}</Errors></Response>", "text/xml"
    elif service in ("iam", "sts"):
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body, kind = f"<ErrorResponse>{error}</ErrorResponse>", "text/xml"
    else:
        body, kind = json.dumps({"__type": code, "message": message}), "application/json"
    headers = [("Content-Type", kind), ("x-amzn-errortype", code)]
    return f"{status} Refused", headers, body.encode()


class Faults:
    """The rules, and the requests so far."""

    def __init__(self):
        self.rules = []
        self.calls = []
        self.checks = []

    def set(self, rules):
        self.rules = [dict(rule, seen=0) for rule in rules]
        self.calls = []
        self.checks = []

    def next(self, service, op):
        """Counts a request and returns the rule that it falls under, if any."""
        hit = None
        for rule in self.rules:
            if rule.get("service", service) != service or rule.get("op", op) != op:
                continue
            rule["seen"] += 1
            first, times = rule.get("nth", 1), rule.get("times", 1)
            within = times == 0 or rule["seen"] < first + times
            if hit is None and rule["seen"] >= first and within:
                hit = rule
        self.calls.append([service, op, hit["do"] if hit else ""])
        return hit or {}

    def check(self, env, service, op, body):
        """Notes what IAM would check. What cannot be told is noted as well, for nobody is allowed it."""
        try:
            account, found = checks.of(env, body, service, op)
        except Exception as error:
            account, found = "?", [[f"{service}:{op}", repr(error), {}]]
        self.checks.append([account, service, op, found])

    def document(self):
        return json.dumps({"rules": self.rules, "calls": self.calls}).encode()


class Front:
    """One request at a time."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.lock = threading.Lock()
        self.faults = Faults()
        self.tokens = answers.Tokens()
        self.invalid = []

    def __call__(self, env, start):
        length = int(env.get("CONTENT_LENGTH") or 0)
        body = env["wsgi.input"].read(length) if length else b""
        if not length and env.get("wsgi.input_terminated"):
            body = env["wsgi.input"].read()
        if env["PATH_INFO"] == "/_faults":
            return self.command(env, start, body)
        if env["PATH_INFO"] == "/_checks":
            return self.document(start, json.dumps(self.faults.checks).encode())
        if env["PATH_INFO"] == "/_invalid":
            return self.document(start, json.dumps(self.invalid).encode())
        service, op = operation(env, body)
        with self.lock:
            rule = self.faults.next(service, op)
            self.faults.check(env, service, op, body)
        do = rule.get("do", "")
        if do == "delay":
            time.sleep(rule.get("ms", 100) / 1000)
        if do == "error":
            code, status = rule.get("code", "InternalError"), rule.get("status", 500)
            status, headers, data = refusal(service, code, status)
        elif do != "cut":
            with self.lock:
                status, headers, data = self.served(env, service, op, body)
        if do in ("cut", "lose"):
            try:
                env["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            raise ConnectionResetError("injected")
        start(status, headers + self.length(env, status, data))
        return [data]

    def command(self, env, start, body):
        with self.lock:
            if env["REQUEST_METHOD"] == "POST":
                self.faults.set(json.loads(body))
            data = self.faults.document()
        return self.document(start, data)

    @staticmethod
    def document(start, data):
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def served(self, env, service, op, body):
        """One request, with what AWS adds to moto."""
        if wrong := shapes.problems(service, op, env, body):
            self.invalid.append(f"{service}:{op}: {'; '.join(wrong)}")
            return refusal(service, "ValidationError", 400, "; ".join(wrong))
        if service == "imagebuilder":
            return "200 OK", [("Content-Type", "application/json")], answers.pipeline_images(body)
        if service == "batch" and answers.too_many_names(op, body):
            return refusal(service, "ClientException", 400, "at most 100 names")
        if service == "iam" and answers.too_large(op, body):
            return refusal(service, "LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144")
        if (service, op) == ("iam", "SimulatePrincipalPolicy"):
            answer = simulator.simulate(checks.account_of(env), answers.form(body))
            code, status, message = answer
            return refusal(service, code, status, message) if isinstance(status, int) else answer
        if service == "ec2" and (known := self.tokens.known(op, body)):
            return refusal(service, known, 400) if isinstance(known, str) else known
        paged = answers.is_paged(service, op)
        answer = self.answer(env, answers.unpaged(service, op, body) if paged else body)
        status, headers, data = answer
        if not status.startswith("2"):
            return answer
        if (service, op) == ("s3", "GetBucket:versioning"):
            # moto names the document after the operation.
            data = data.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration")
        if paged:
            data = answers.page(service, op, body, data)
        if service == "batch" and op in answers.BATCH_LISTS:
            data = answers.batch_page(op, body, data)
        if service == "ec2":
            self.tokens.keep(op, body, (status, headers, data))
        return status, headers, data

    def answer(self, env, body):
        """What moto says."""
        env["wsgi.input"], env["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        env.pop("HTTP_TRANSFER_ENCODING", None)
        begun = []
        data = b"".join(self.moto(env, lambda status, headers, _=None: begun.extend((status, headers))))
        status, headers = begun[:2]
        dropped = ("connection",) if env["REQUEST_METHOD"] == "HEAD" else ("connection", "content-length")
        return status, [pair for pair in headers if pair[0].lower() not in dropped], data

    @staticmethod
    def length(env, status, data):
        """Every answer with a body says how long it is, so that connections stay open."""
        without_body = env["REQUEST_METHOD"] == "HEAD" or status.startswith(("204", "304"))
        return [] if without_body else [("Content-Length", str(len(data)))]


class Handler(WSGIRequestHandler):
    """Keeps connections open and says nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), Front(), threaded=True, request_handler=Handler)
