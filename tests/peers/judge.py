"""What libraries and peers make of a delivery: prints one line, which tests/peers/run compares.

Usage: judge.py standardwebhooks|cloudevents|apprise FOLDER NAME; judge.py mail MAILDIR
"""

import email.policy
import json
import sys
from email.parser import BytesParser
from pathlib import Path


def delivery(folder, name):
    body = (Path(folder) / f"{name}.body").read_bytes()
    return body, json.loads((Path(folder) / f"{name}.headers").read_text())


def standardwebhooks(folder, name):
    """Verifies the delivery as it came, and with one byte of its body changed."""
    from standardwebhooks import Webhook, WebhookVerificationError

    body, headers = delivery(folder, name)
    webhook = Webhook((Path(folder) / "webhook-secret").read_text().strip())
    seen = webhook.verify(body, headers)["type"]
    at = body.index(b"watch.test")
    changed = body[:at] + b"V" + body[at + 1 :]
    try:
        webhook.verify(changed, headers)
    except WebhookVerificationError as error:
        return f"{seen}; changed: {error}"
    return f"{seen}; changed: accepted"


def cloudevents(folder, name):
    """Parses the delivery, by the library's API of 2.x or the one before."""
    body, headers = delivery(folder, name)
    try:
        from cloudevents.core.bindings.http import HTTPMessage, from_http_event

        event = from_http_event(HTTPMessage(headers=headers, body=body))
        given = event.get_attributes()
        data = event.get_data()
    except ImportError:
        from cloudevents.http import from_http

        event = from_http(headers, body)
        given, data = event, event.data
    own_id = "the message's id" if given["id"] == headers["webhook-id"] else "another id"
    return f"{given['type']} {given['source']} {own_id} {data['severity']} {data['receiver']}"


def apprise(folder, name):
    """What Apprise posts by `json://`."""
    body, _ = delivery(folder, name)
    posted = json.loads(body)
    return f"{posted['title']}; {' '.join(posted['message'].split())}"


def mail(maildir):
    """The headers of the only mail in a maildir."""
    files = [file for file in (Path(maildir) / "new").glob("*") if file.is_file()]
    if len(files) != 1:
        return f"{len(files)} mails"
    read = BytesParser(policy=email.policy.default).parsebytes(files[0].read_bytes())
    types = " ".join(part.get_content_type() for part in read.walk())
    defects = len(read.defects) + sum(len(value.defects) for value in read.values())
    has = all(read[name] for name in ("Date", "Message-ID"))
    return (
        f"{read['From']} -> {read['To']}; {read['Subject']}; {read['Auto-Submitted']}; {types}; "
        f"date and id: {has}; defects: {defects}"
    )


judge, *arguments = sys.argv[1:]
print({"standardwebhooks": standardwebhooks, "cloudevents": cloudevents, "apprise": apprise, "mail": mail}[judge](*arguments))
