"""Drives a phone network through Twilio's Python library and tells what it saw: drive.py BASE_URL ACCOUNT TOKEN"""

import datetime
import json
import sys
import urllib.request

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

base_url, account, token = sys.argv[1:4]
CALLER_ID = "+15005550006"
HELLO = "<Response><Say>Hello</Say></Response>"


def client_with(token):
    client = Client(account, token)
    client.api.base_url = base_url
    return client


def refused(request):
    try:
        request()
    except TwilioRestException as refusal:
        return f"{refusal.status} {refusal.code}"
    return "not refused"


def go_wrong(faults):
    request = urllib.request.Request(f"{base_url}/_faults", data=json.dumps(faults).encode(), method="POST")
    urllib.request.urlopen(request).read()


def call(to, **more):
    return client.calls.create(to=to, from_=CALLER_ID, **{"twiml": HELLO, **more})


client = client_with(token)
print("account:", client.api.accounts(account).fetch().status)
first = call("+14155550100", timeout=30, machine_detection="Enable", record=True)
print("first:", first.status, first.direction, "to", first.to)
fetched = client.calls(first.sid).fetch()
print("fetched:", "the same call" if (fetched.sid, fetched.to) == (first.sid, first.to) else fetched.sid)

others = [call(f"+1415555010{nth}") for nth in range(1, 7)]
print("made in all:", len(client.calls.list(page_size=2)))
print("three at most:", len(client.calls.list(limit=3)))
print("to one number:", len(client.calls.list(to="+14155550103")))
print("to nobody:", len(client.calls.list(to="+14155550199")))
queued = len(client.calls.list(status="queued", page_size=3))
print("queued:", "6 or 7" if queued in (6, 7) else queued)
tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
print("started after tomorrow:", len(client.calls.list(start_time_after=tomorrow)))

last = client.calls(others[-1].sid)
print("cancelled:", last.update(status="canceled").status)
print("cancelled in all:", len(client.calls.list(status="canceled")))
print("cancelled again:", refused(lambda: last.update(status="canceled")))
client.calls(first.sid).update(status="completed")
over = client.calls(first.sid).fetch().status
print("completed:", "over" if over not in ("queued", "ringing", "in-progress") else over)
print("what was asked of the first:", len(client.calls(first.sid).events.list()))
print("recordings:", len(client.calls(others[0].sid).recordings.list()))
print("numbers:", len(client.incoming_phone_numbers.list()))

print("no such call:", refused(lambda: client.calls("CA" + "0" * 32).fetch()))
print("no number:", refused(lambda: call("nobody")))
print("no such number:", refused(lambda: call("+15005550001")))
print("nothing to say:", refused(lambda: client.calls.create(to="+14155550100", from_=CALLER_ID)))
print("wrong token:", refused(lambda: client_with("wrong").calls(first.sid).fetch()))
go_wrong({"create": {"too_many_requests": 1.0}})
print("too many requests:", refused(lambda: call("+14155550100")))
go_wrong({})
print("as before:", call("+14155550100").status)
