# Keeps Schemathesis logged in: a session that some case has ended is begun again, an account that is gone made anew. Its
# logins come from an address of their own: the cases try so many wrong passwords that nobody at theirs may log in.
# Loaded by `st run` (SCHEMATHESIS_HOOKS); SCAN_URL, SCAN_EMAIL and SCAN_PASSWORD are set by main.ts.
import json
import os
import threading
import urllib.error
import urllib.request

import schemathesis

URL = os.environ["SCAN_URL"]
WHO = {"email": os.environ["SCAN_EMAIL"], "password": os.environ["SCAN_PASSWORD"]}
HERE = "198.51.100.7"
lock = threading.Lock()
state = {"token": None, "doubtful": True, "accounts": 0}


def ask(method, path, body=None, token=None):
    headers = {"x-forwarded-for": HERE, **({"content-type": "application/json"} if body else {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(URL + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def log_in():
    status, body = ask("POST", "/api/auth/login", WHO)
    if status == 401 and "admin" not in WHO["email"]:
        state["accounts"] += 1
        WHO["email"] = f"ada.{state['accounts']}@example.test"
        status, body = ask("POST", "/api/auth/register", {**WHO, "name": "Ada"})
    if "accessToken" not in (body or {}):
        raise RuntimeError(f"Nobody can log in as {WHO['email']} any more: {status}")
    return body["accessToken"]


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code == 401:
        state["doubtful"] = True


@schemathesis.auth(refresh_interval=None)
class Session:
    def get(self, case, context):
        with lock:
            if state["doubtful"]:
                if state["token"] is None or ask("GET", "/api/auth/me", token=state["token"])[0] != 200:
                    state["token"] = log_in()
                state["doubtful"] = False
            return state["token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


# What a document should have said. Other refusals are of rules no JSON Schema can tell: what a signed cursor says, what a
# password may be, which roles there are. The built-in check knows no difference.
SCHEMA_RULES = {
    "invalid_type",
    "too_big",
    "too_small",
    "invalid_format",
    "invalid_value",
    "invalid_union",
    "invalid_key",
    "invalid_element",
    "not_multiple_of",
    "unrecognized_keys",
}


@schemathesis.check
def accepts_what_is_documented(context, response, case):
    mode = case.meta.generation.mode if case.meta else None
    if mode is None or not mode.is_positive or response.status_code not in (400, 422):
        return None
    problem = response.json()
    broken = [error for error in problem.get("errors", []) if error["code"] in SCHEMA_RULES]
    # Free objects may be neither very deep nor have names with NUL in them, at any depth: no schema of them says so.
    malformed = problem.get("code") == "request.malformed" and "cannot be kept" not in problem["detail"]
    if not malformed and not broken:
        return None
    raise AssertionError(f"refused although documented: {problem.get('code')} {broken}")
