"""Two watchers of one account, each with its own store and its own ways to useapi.net and to the Alertmanager.

Each way is a proxy, so that one watcher can be cut off. The Alertmanager sends its notifications to a hook here. Every step prints `ok` or
ends the run with what was seen instead. Only processes that this file started are ended, by their id.
"""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALERTMANAGER, AMTOOL, BUILD = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
ACCOUNT = "video-1"
DAY = 86_400
# Long for a busy machine; a step that passes does not wait for it.
TIMEOUT = 60
# Several runs, groups and pushes.
CALM = 12

AM_CONFIG = """
route:
  receiver: team
  group_by: [kind, subscription, account, stale]
  group_wait: 2s
  group_interval: 2s
  repeat_interval: 4h
receivers:
  - name: team
    webhook_configs:
      - url: http://127.0.0.1:{hook}/
        send_resolved: true
"""

WATCHER = """
[[subscriptions]]
name = "main"
token_file = "token"
accounts = [{{ id = "{account}", name = "studio-a" }}]
[api]
base_url = "http://127.0.0.1:{vendor}"
timeout = "2s"
[schedule]
cron = "*/2 * * * * *"
[alerts]
confirm_after = "0s"
unreachable_after = "6s"
[[receivers]]
name = "am"
type = "alertmanager"
urls = ["http://127.0.0.1:{alertmanager}"]
labels = {{ team = "video" }}
timeout = "2s"
[store]
path = "watch.db"
"""


class Proxy:
    """A port of its own that leads to another one, and can be cut."""

    def __init__(self, loop, target):
        self.loop, self.target, self.port, self.server, self.tasks = loop, target, 0, None, set()
        self.join()

    def call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(TIMEOUT)

    def join(self):
        async def listen():
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
            self.port = self.server.sockets[0].getsockname()[1]

        self.call(listen())

    def cut(self):
        async def close():
            self.server.close()
            for task in self.tasks:
                task.cancel()

        self.call(close())

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()


async def copy(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


class Hook:
    """Takes the notifications of the Alertmanager."""

    def __init__(self):
        notifications = self.notifications = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                notifications.append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """A line for each notification since the last call: `firing expiry warning x1`."""
        taken, self.notifications[:] = self.notifications[:], []
        return [line(notification) for notification in taken]


def line(notification):
    alerts = notification["alerts"]
    names = sorted({name(alert["labels"]) for alert in alerts})
    return f"{notification['status']} {' + '.join(names)} x{len(alerts)}"


def name(labels):
    stale = " stale" if "stale" in labels else ""
    return f"{labels['kind']} {labels['severity']}{stale}"


def free_port():
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Scene:
    def __init__(self, folder, loop):
        self.folder, self.loop, self.processes = folder, loop, []
        self.hook = Hook()
        self.api_port = free_port()
        (folder / "am.yml").write_text(AM_CONFIG.format(hook=self.hook.port))
        self.spawn(
            "alertmanager",
            [
                ALERTMANAGER,
                "--config.file=am.yml",
                "--storage.path=data",
                f"--web.listen-address=127.0.0.1:{self.api_port}",
                "--cluster.listen-address=",
            ],
            folder,
        )
        self.vendor = subprocess.Popen(
            [BUILD / "examples/simulator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(self.vendor)
        base_url = self.vendor.stdout.readline().strip()
        self.token = self.vendor.stdout.readline().strip()
        vendor_port = urllib.parse.urlsplit(base_url).port
        self.watchers = {
            each: {"vendor": Proxy(loop, vendor_port), "alertmanager": Proxy(loop, self.api_port)} for each in "ab"
        }

    def spawn(self, called, command, folder, environment=None):
        log = open(self.folder / f"{called}.log", "a")
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        self.processes.append(process)
        return process

    def expire(self, seconds):
        self.vendor.stdin.write(f"{ACCOUNT} {seconds}\n")
        self.vendor.stdin.flush()

    def start(self, each):
        ways, folder = self.watchers[each], self.folder / each
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(self.token + "\n")
        (folder / "token").chmod(0o600)
        text = WATCHER.format(account=ACCOUNT, vendor=ways["vendor"].port, alertmanager=ways["alertmanager"].port)
        (folder / "minimax-watch.toml").write_text(text)
        environment = {"HOME": str(folder), "PATH": os.environ["PATH"]}
        program = [str((BUILD / "minimax-watch").resolve()), "run"]
        ways["process"] = self.spawn(f"watcher-{each}", program, folder, environment)

    def kill(self, each):
        process = self.watchers[each]["process"]
        process.send_signal(signal.SIGKILL)
        process.wait()

    def firing(self):
        address = f"http://127.0.0.1:{self.api_port}/api/v2/alerts?active=true"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return sorted(name(alert["labels"]) for alert in json.load(answer))

    def amtool(self, *arguments):
        command = [AMTOOL, f"--alertmanager.url=http://127.0.0.1:{self.api_port}", *arguments]
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=environment)
        if ended.returncode != 0:
            self.fail(f"amtool {' '.join(arguments)}", ended.stdout + ended.stderr)
        return ended.stdout

    def expect_listed(self, step, expected, *options):
        """What amtool lists with these options."""
        alerts = json.loads(self.amtool("alert", "query", "--output=json", *options, f"account={ACCOUNT}"))
        seen = sorted(f"{name(alert['labels'])} {alert['status']['state']}" for alert in alerts)
        if seen != expected:
            self.fail(step, f"expected amtool to list {expected}, saw {seen}")
        print(f"ok: {step}: amtool lists: {', '.join(seen) or 'nothing'}", flush=True)

    def expect_firing(self, step, expected, timeout=TIMEOUT):
        seen = None
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                seen = self.firing()
                if seen == expected:
                    print(f"ok: {step}: fires: {', '.join(seen) or 'nothing'}", flush=True)
                    return
            time.sleep(0.2)
        self.fail(step, f"expected {expected}, saw {seen}")

    def expect_notified(self, step, *expected):
        """Exactly these notifications come, and then no other for a while."""
        deadline, seen = time.monotonic() + TIMEOUT, []
        while len(seen) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.2)
            seen += self.hook.take()
        time.sleep(CALM)
        seen += self.hook.take()
        if sorted(seen) != sorted(expected):
            self.fail(step, f"expected the notifications {list(expected)}, saw {seen}")
        print(f"ok: {step}: notified: {', '.join(seen) or 'nothing'}", flush=True)

    def never_firing(self, step, unwanted, seconds=CALM):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if unwanted in self.firing():
                self.fail(step, f"{unwanted} fires")
            time.sleep(0.2)
        print(f"ok: {step}: {unwanted} does not fire", flush=True)

    def fail(self, step, what):
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}\n" + "\n".join(log.read_text().splitlines()[-20:]))
        raise SystemExit(f"FAILED: {step}: {what}")

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
                process.wait()


def play(scene):
    warning, unreachable = "expiry warning", "unreachable warning"
    scene.expire(2 * DAY)
    scene.start("a")
    scene.start("b")
    scene.expect_firing("two watchers push one series", [warning])
    scene.expect_notified("one notification for both", f"firing {warning} x1")
    scene.expect_listed("one alert for both", [f"{warning} active"])

    scene.kill("a")
    scene.expect_notified("one watcher killed")
    scene.expect_firing("the alert stays", [warning])
    scene.start("a")
    scene.expect_notified("it starts again")

    scene.watchers["b"]["alertmanager"].cut()
    scene.expect_notified("one watcher cut off from the Alertmanager")
    scene.expect_firing("the alert stays", [warning])
    scene.watchers["b"]["alertmanager"].join()
    scene.expect_notified("it is back")

    scene.watchers["a"]["vendor"].cut()
    scene.expect_notified("one watcher cut off from useapi.net", f"firing {unreachable} x1")
    scene.expect_firing("it keeps alive what fires", [warning, unreachable])
    scene.expire(30 * DAY)
    stale = f"{warning} stale"
    # A blind watcher pushes two minutes after the runs.
    scene.expect_firing("the other sees a renewal", [stale, unreachable], 200)
    scene.never_firing("nothing that the other ended is revived", warning)
    scene.expect_notified("the end, and what the blind watcher holds", f"resolved {warning} x1", f"firing {stale} x1")
    scene.watchers["a"]["vendor"].join()
    scene.expect_firing("it sees the renewal too", [])
    scene.expect_notified("both end", f"resolved {stale} x1", f"resolved {unreachable} x1")

    silence = ["--author=ops", "--duration=1h", "--comment=being fixed", f"account={ACCOUNT}"]
    scene.amtool("silence", "add", *silence)
    scene.expire(2 * DAY)
    moved = "expiry_moved_back warning"
    scene.expect_firing("both push alerts that are silenced", [warning, moved])
    scene.expect_notified("a silenced account")
    scene.expect_listed("none that is not silenced", [])
    scene.expect_listed("those that are", [f"{warning} suppressed", f"{moved} suppressed"], "--silenced")


def main():
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(pathlib.Path(folder), loop)
        try:
            play(scene)
        finally:
            scene.end()
    print("ok: tests/alertmanager")


main()
