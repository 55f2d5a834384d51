"""A visitor who comes with Debian's python3-socketio: another implementation of the protocol than the server's.

Reads commands from standard input, one a line, and writes what happens as JSON, one value a line.

    foreign_client.py URL EVENT EMAIL PASSWORD websocket|polling
"""
import json
import sys
import threading

import requests
import socketio

url, event, email, password, transport = sys.argv[1:6]


# Handlers run in threads of their own, and a line must not land in the middle of another one.
telling = threading.Lock()


def tell(kind, **more):
    with telling:
        sys.stdout.write(json.dumps({"kind": kind, **more}) + "\n")
        sys.stdout.flush()


def call(method, path, token=None, body=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.request(method, url + path, json=body, headers=headers, timeout=30)
    return answer.json()


account = {"email": email, "password": password, "name": "Foreign"}
logged_in = call("POST", "/api/auth/register", body=account)
if "token" not in logged_in:
    logged_in = call("POST", "/api/auth/login", body=account)
token = logged_in["token"]
tell("check", user=logged_in["user"]["userId"], answer=call("POST", f"/api/queue/check/{event}", token))


def new_client():
    """One for each connection, as a page that is loaded anew: the threads of the one before end when they like."""
    made = socketio.Client(reconnection=False)
    made.on("*", lambda name, data=None: tell("event", name=name, data=data))
    made.on("disconnect", lambda *_: tell("disconnect"))
    made.on("connect_error", lambda data=None: tell("connect_error", data=data))
    return made


client = None
for line in sys.stdin:
    command = line.strip()
    if command == "connect":
        client = new_client()
        client.connect(url, auth={"token": token}, transports=[transport], wait_timeout=30)
        tell("connect")
    elif command == "wrong":
        # Not waited for: that takes its whole time-out, also where the answer was no.
        client = new_client()
        client.connect(url, auth={"token": "none"}, transports=[transport], wait=False)
    elif command == "join":
        tell("joined", answer=client.call("join-queue", {"eventId": event}, timeout=30))
    elif command == "claim":
        tell("claimed", answer=call("POST", f"/api/queue/claim/{event}", token))
    elif command == "disconnect":
        client.disconnect()
    elif command == "end":
        break
