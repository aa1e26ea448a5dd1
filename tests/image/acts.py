"""Uses the image as people do: on a read-only root, as PID 1, without a configuration file, as other users, with other people's volumes.

Arguments: a folder to work in, the mounted root of the image, compose.yaml. The vendor and the receiver are simulated (simulated.py), and
the name server here, on loopback. Each act prints what it saw; the first that fails ends the program.
"""

import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

from simulated import TOKEN, Handler, serve

WORK, ROOT = (pathlib.Path(path) for path in sys.argv[1:3])
COMPOSE = pathlib.Path(sys.argv[3]).read_text()
CONFIG = json.loads((WORK / "image.json").read_text())["Docker"]["config"]
USER = tuple(int(number) for number in CONFIG["User"].split(":"))
MIB = 1 << 20


def serve_names(address):
    """Answers each question about an IPv4 address with 127.0.0.1, and every other question with nothing."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((address, 53))

    def answer():
        while True:
            question, sender = listener.recvfrom(512)
            end = question.index(0, 12) + 5
            has_address = question[end - 4:end - 2] == b"\x00\x01"
            head = question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if has_address else b"\x00\x00") + b"\x00" * 4
            record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04\x7f\x00\x00\x01" if has_address else b""
            listener.sendto(head + question[12:end] + record, sender)

    threading.Thread(target=answer, daemon=True).start()


PORT = serve()
PLAIN = {"USEAPI_TOKEN": TOKEN, "MINIMAX_WATCH__API__BASE_URL": f"http://127.0.0.1:{PORT}"}
NTFY = {"MINIMAX_WATCH_NTFY_URL": f"http://127.0.0.1:{PORT}/alerts"}


def volume(name, owner=USER, mode=0o700):
    """A new volume with this owner, as the first use of a named volume copies it from the image."""
    folder = WORK / name
    folder.mkdir()
    os.chown(folder, *owner)
    folder.chmod(mode)
    return folder


def command(volume, arguments=None, environment=PLAIN, user=USER, files=()):
    """The command that a container engine would run: the image's own variables, user, entrypoint and command; root read-only.

    `files` are pairs of a file and where in the root it is mounted.
    """
    variables = CONFIG["Env"] + [f"{name}={value}" for name, value in environment.items()]
    inside = CONFIG["Entrypoint"] + (CONFIG["Cmd"] if arguments is None else arguments)
    mounts = [f"mount --bind {volume} {ROOT}/data"] + [f"mount --bind {source} {ROOT}{target}" for source, target in files]
    script = " && ".join([
        f"mount --bind {ROOT} {ROOT}", f"mount -t proc proc {ROOT}/proc", f"mount --rbind /dev {ROOT}/dev", *mounts,
        f"mount -o remount,bind,ro {ROOT}", f'exec env -i {shlex.quote(sys.executable)} -c "$1" "${{@:2}}"',
    ])
    # As engines do: into the working folder as root, then the user.
    enter = "\n".join([
        "import os, sys",
        f"os.chroot({str(ROOT)!r}); os.chdir({CONFIG['WorkingDir']!r})",
        f"os.setgroups([]); os.setgid({user[1]}); os.setuid({user[0]})",
        "os.execve(sys.argv[1], sys.argv[1:], dict(entry.split('=', 1) for entry in " + repr(variables) + "))",
    ])
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", script, "bash", enter, *inside]


def run(*arguments, **options):
    """Runs a command of the program in a container to its end: its exit status, and what it printed."""
    done = subprocess.run(command(*arguments, **options), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def expect(what, condition, seen):
    if not condition:
        sys.exit(f"FAILED: {what}: {seen}")
    print(f"ok: {what}", flush=True)


def is_for_topic(body):
    return json.loads(body).get("topic") == "alerts"


def wait_until(what, condition):
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    sys.exit(f"FAILED: {what}: not within 30 s")


def describes_itself():
    size = (WORK / "image.tar").stat().st_size
    expect(f"the image has {size / MIB:.1f} MiB, at most 25", size <= 25 * MIB, size)
    check = CONFIG["Healthcheck"]["Test"]
    expect("HEALTHCHECK runs `health`", check == ["CMD", "/minimax-watch", "health"], check)
    expect("uid 10001, SIGTERM, /data", (USER, CONFIG["StopSignal"], list(CONFIG["Volumes"])) == ((10001, 10001), "SIGTERM", ["/data"]), CONFIG)
    files = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file())
    expect("it holds the program and CA certificates", files == ["etc/ssl/certs/ca-certificates.crt", "minimax-watch"], files)
    test = re.search(r'test: (\[.*\])', COMPOSE)
    expect("compose.yaml has the same check", test and json.loads(test[1]) == check, COMPOSE)


def sends_a_first_message():
    """With the variables that compose.yaml passes on, and no file."""
    passed = re.search(r"environment:\n(.*?)\n    volumes", COMPOSE, re.DOTALL)[1]
    names = set(re.findall(r"^      ([A-Z_]+):", passed, re.MULTILINE))
    missing = {"USEAPI_TOKEN", *NTFY} - names
    expect("compose.yaml passes the token and the receiver on", not missing, missing)
    began = time.monotonic()
    status, output = run(volume("first"), ["notify", "test"], environment=PLAIN | NTFY)
    took = time.monotonic() - began
    headers, body = Handler.received.pop() if Handler.received else ({}, "{}")
    expect(f"a test message was delivered {took:.2f} s after the start, at most 10", status == 0 and is_for_topic(body) and took <= 10, output)
    expect("nothing of it is a secret", TOKEN not in output + body + str(headers), output)


def checks_once():
    folder = volume("once")
    status, output = run(folder, ["check"])
    expect("`check` lists the account", status == 0 and "123456" in output, output)
    owners = {(path.stat().st_uid, path.stat().st_mode & 0o077) for path in folder.rglob("*") if path.is_file()}
    expect("the store in /data is the user's alone", owners == {(USER[0], 0)}, owners)
    status, output = run(folder, ["check"], environment=PLAIN | {"USEAPI_TOKEN": "user:1234-wrong"})
    expect("a wrong token is a result with its reason", status in (2, 3) and "401" in output, output)
    status, output = run(folder, ["check", "--dry-run"])
    expect("`check --dry-run` needs no other folder", status == 0, output)
    status, output = run(folder, ["demo"])
    expect("the demo keeps every promise", status == 0 and "Every promise of this demo was kept" in output, output)


def serves(log_format):
    folder = volume(f"serves-{log_format}")
    often = PLAIN | {"MINIMAX_WATCH__SCHEDULE__CRON": "* * * * * *"}
    status, output = run(folder, ["health"], environment=often)
    expect("`health` is bad before the first run, with the reason", status == 1 and "no run has finished" in output, output)
    log = WORK / f"serves-{log_format}.log"
    with log.open("wb") as written:
        arguments = None if log_format == "text" else ["run", "--log-format", "json"]
        service = subprocess.Popen(command(folder, arguments, environment=often), stdout=written, stderr=written)
        wait_until("`health` becomes good", lambda: run(folder, ["health"], environment=often)[0] == 0)
        expect("`health` is good after a run", True, "")
        # unshare's child, which is PID 1 inside.
        inside = int(subprocess.check_output(["pgrep", "--parent", str(service.pid)], text=True))
        pid = pathlib.Path(f"/proc/{inside}/status").read_text()
        expect("the service is PID 1", re.search(r"NSpid:\s+\d+\s+1\n", pid) and "Name:\tminimax-watch" in pid, pid)
        os.kill(inside, getattr(signal, CONFIG["StopSignal"]))
        service.wait(timeout=20)
    lines = log.read_text().splitlines()
    expect(f"it ends with 0 on {CONFIG['StopSignal']}", service.returncode == 0, lines)
    if log_format == "json":
        texts = [json.loads(line) for line in lines]
        expect("each line of the log is JSON, that of a run too", any("run finished" in str(text) for text in texts), lines)
    else:
        expect("the log is text", lines and not lines[0].startswith("{"), lines)
    status, output = run(folder, ["health"], environment=PLAIN | {"MINIMAX_WATCH__SCHEDULE__CRON": "* * * * *"})
    expect("its state is good for the next start", status == 0, output)


def refuses_what_it_cannot_write():
    theirs = volume("theirs", owner=(0, 0), mode=0o755)
    status, output = run(theirs, ["check"])
    expect("a volume of another owner is named, with the user", status == 3 and "/data" in output and "10001" in output, output)
    expect("nothing was written to it", not list(theirs.iterdir()), list(theirs.iterdir()))
    status, output = run(volume("ours"), ["check"], user=(4711, 4711))
    expect("another user cannot use this volume, and is told so", status == 3 and "/data" in output, output)
    status, output = run(volume("foreign", owner=(4711, 4711)), ["check"], user=(4711, 4711))
    expect("another user works with a volume of their own", status == 0, output)


def resolves_names():
    serve_names("127.0.0.9")
    names = WORK / "resolv.conf"
    names.write_text("nameserver 127.0.0.9\n")
    (ROOT / "etc/resolv.conf").touch()
    switch = WORK / "nsswitch.conf"
    switch.write_text("hosts: files mymachines resolve [!UNAVAIL=return] mdns4_minimal dns\n")
    (ROOT / "etc/nsswitch.conf").touch()
    named = PLAIN | {"MINIMAX_WATCH_NTFY_URL": f"http://inbox.internal:{PORT}/alerts"}
    for what, files in [("DNS", ()), ("DNS, whatever nsswitch.conf says", ((switch, "/etc/nsswitch.conf"),))]:
        status, output = run(volume(f"names-{len(files)}"), ["notify", "test"], environment=named, files=((names, "/etc/resolv.conf"), *files))
        expect(f"a receiver is found by {what}", status == 0 and is_for_topic(Handler.received.pop()[1]), output)


def writes_a_configuration():
    folder = volume("init")
    status, output = run(folder, ["init", "--no-input"], environment=PLAIN | NTFY)
    expect("`init` tests the receiver and writes its files to /data", status == 0 and is_for_topic(Handler.received.pop()[1]), output)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()}
    expect("readable by the user only", modes == dict.fromkeys(["minimax-watch.toml", "useapi-token", "ntfy-url"], 0o600), modes)
    status, output = run(folder, ["notify", "test"], environment={})
    expect("the service finds them there", status == 0 and is_for_topic(Handler.received.pop()[1]), output)


def certificate():
    """A certificate of 127.0.0.1 with its key, and the authority that signed it."""
    authority, key, request, signed = (str(WORK / name) for name in ["ca.pem", "key.pem", "request.pem", "signed.pem"])
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj"]
    names = WORK / "names.txt"
    names.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    for arguments in [
        [*new, "/CN=authority of a test", "-x509", "-days", "2", "-keyout", str(WORK / "ca-key.pem"), "-out", authority],
        [*new, "/CN=127.0.0.1", "-keyout", key, "-out", request],
        ["openssl", "x509", "-req", "-in", request, "-CA", authority, "-CAkey", str(WORK / "ca-key.pem"), "-CAcreateserial",
         "-days", "2", "-extfile", str(names), "-out", signed],
    ]:
        subprocess.run(arguments, check=True, capture_output=True)
    return pathlib.Path(authority), (signed, key)


def speaks_tls():
    authority, server = certificate()
    secure = PLAIN | {"MINIMAX_WATCH_NTFY_URL": f"https://127.0.0.1:{serve(server)}/alerts"}
    bundle = WORK / "with-authority.pem"
    place = "/etc/ssl/certs/ca-certificates.crt"
    bundle.write_text((ROOT / place[1:]).read_text() + authority.read_text())
    nothing = WORK / "nothing.pem"
    nothing.touch()
    status, output = run(volume("trusted"), ["notify", "test"], environment=secure, files=((bundle, place),))
    expect("a receiver is reached by TLS when its authority is in the bundle", status == 0 and is_for_topic(Handler.received.pop()[1]), output)
    for what, files in [("the image's own bundle", ()), ("the built-in certificates", ((nothing, place),))]:
        status, output = run(volume(f"unknown-{len(files)}"), ["notify", "test"], environment=secure, files=files)
        expect(f"{what} does not know it: nothing is sent", status == 3 and "certificate" in output and not Handler.received, output)


def needs_no_certificates_of_the_machine():
    bundle = WORK / "no-certificates"
    bundle.touch()
    status, output = run(volume("bare"), ["config", "check"], files=((bundle, "/etc/ssl/certs/ca-certificates.crt"),))
    expect("without CA certificates the built-in ones are trusted, and it says so", status == 0 and "built into this version" in " ".join(output.split()), output)
    status, output = run(volume("bundle"), ["config", "check"])
    expect("with them nothing is said", status == 0 and "built into" not in output, output)


describes_itself()
for mount_point in ["proc", "dev"]:
    (ROOT / mount_point).mkdir(exist_ok=True)
sends_a_first_message()
checks_once()
serves("text")
serves("json")
refuses_what_it_cannot_write()
writes_a_configuration()
resolves_names()
speaks_tls()
needs_no_certificates_of_the_machine()
