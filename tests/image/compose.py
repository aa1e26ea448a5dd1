"""Starts the service by compose.yaml, as README and docs/install.md say, with docker-compose against the API of podman.

Arguments: a folder to work in, the archive of the image, compose.yaml. Added to compose.yaml are only: the image in place of a build from a
registry, the address of the simulated vendor, the host's network, and limits that a sandbox grants. Each act prints what it saw; the first
that fails ends the program.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from simulated import TOKEN, Handler, serve

WORK, ARCHIVE, COMPOSE = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
# A volume and containers that no other project has.
PROJECT = "minimax-watch-test"
# The path of a socket has at most 107 bytes.
SOCKET = pathlib.Path(tempfile.mkdtemp()) / "podman.sock"
PODMAN = [
    "podman", "--root", WORK / "root", "--runroot", WORK / "runroot", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs",
    "--events-backend", "file", "--runtime", shutil.which("runc", path=f"{os.environ['PATH']}:/usr/sbin"),
]
# The limits of open files and processes that podman sets otherwise are more than a sandbox may have.
ADDED = """services:
  minimax-watch:
    image: localhost/minimax-watch:latest
    network_mode: host
    environment:
      MINIMAX_WATCH__API__BASE_URL: http://127.0.0.1:{port}
    ulimits: {{nofile: 1024, nproc: 1000}}
"""


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    return done.returncode, done.stdout + done.stderr


def expect(what, condition, seen):
    if not condition:
        sys.exit(f"FAILED: {what}: {seen}")
    print(f"ok: {what}", flush=True)


def wait_until(what, condition):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"FAILED: {what} within a minute")
        time.sleep(0.1)


def main():
    WORK.mkdir()
    # podman's processes beside an exec would stay for five minutes.
    settings = WORK / "containers.conf"
    settings.write_text("[engine]\nexit_command_delay = 1\n")
    os.environ["CONTAINERS_CONF"] = str(settings)
    status, said = run(*PODMAN, "load", "--input", ARCHIVE)
    expect("podman loads the archive", status == 0, said)
    port = serve()
    added = WORK / "added.yaml"
    added.write_text(ADDED.format(port=port))
    # As docs/install.md says, and no variable in the shell.
    project = WORK / "project"
    project.mkdir()
    shutil.copy(COMPOSE, project)
    (project / ".env").write_text(f"USEAPI_TOKEN={TOKEN}\nMINIMAX_WATCH_NTFY_URL=http://127.0.0.1:{port}/alerts\n")
    environment = os.environ | {"DOCKER_HOST": f"unix://{SOCKET}"}
    # It says that it cannot have systemd make the health checks.
    log = (WORK / "podman.txt").open("w")
    engine = subprocess.Popen([*PODMAN, "system", "service", "--time", "0", f"unix://{SOCKET}"], stdout=log, stderr=log)
    def compose(*arguments):
        command = ["docker-compose", "--project-name", PROJECT, "--file", project / COMPOSE.name, "--file", added, *arguments]
        return run(*command, env=environment, cwd=project)

    try:
        wait_until("podman answers", SOCKET.exists)
        acts(compose)
    finally:
        compose("down", "--volumes", "--timeout", "1")
        run(*PODMAN, "rm", "--all", "--force")
        engine.terminate()
        engine.wait()
        shutil.rmtree(SOCKET.parent)


def acts(compose):
    begun = time.monotonic()
    status, said = compose("up", "--detach", "--no-build")
    expect("up starts the service", status == 0, said)
    inside = ("exec", "-T", "minimax-watch", "/minimax-watch")
    status, said = compose(*inside, "notify", "test")
    expect("a test message is delivered", status == 0 and "ntfy: delivered" in said, said)
    taken = time.monotonic() - begun
    tests = [body for _, body in Handler.received if json.loads(body).get("topic") == "alerts"]
    expect("the receiver got it", len(tests) == 1, Handler.received)
    expect(f"{taken:.1f} s from `up` to the first delivered message, at most 10", taken <= 10, taken)
    wait_until("it is healthy", lambda: compose(*inside, "health")[0] == 0)
    status, said = compose(*inside, "health")
    expect("it is healthy after its first run", status == 0 and "healthy: the last run finished" in said, said)
    status, said = compose("logs", "--no-color")
    expect("logs show the run, and no token", "run finished: 1 account checked, 1 ok" in said and TOKEN not in said, said)
    _, container = compose("ps", "--quiet", "minimax-watch")
    status, said = run(*PODMAN, "inspect", "--type", "container", container.split()[-1])
    container = json.loads(said)[0]
    host, config = container["HostConfig"], container["Config"]
    hardening = (host["ReadonlyRootfs"], "no-new-privileges" in host["SecurityOpt"], container["EffectiveCaps"] or [])
    expect("the root is read-only, and no capability is left", hardening == (True, True, []), hardening)
    expect("the engine has the health check", config["Healthcheck"]["Test"] == ["CMD", "/minimax-watch", "health"], config)
    begun = time.monotonic()
    status, said = compose("up", "--detach", "--no-build", "--force-recreate")
    expect("a new container takes over the volume", status == 0, said)
    status, said = compose(*inside, "status", "--json")
    expect("and the state in it", json.loads(said[:said.rindex("}") + 1])["last_run"] is not None, said)
    status, said = compose("down")
    taken = time.monotonic() - begun
    expect(f"both stops within the grace period of 30 s each ({taken:.1f} s in all)", status == 0 and taken < 30, said)


main()
