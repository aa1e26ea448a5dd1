//! Normal operation: status, journal, reload, stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use chrono::TimeDelta;
use minimax_watch::clock;
use secrecy::SecretString;

use crate::machine::eventually;
use crate::simulator::Record;
use crate::world::{DAY, TOKEN, ahead};
use crate::{ActResult, Setup, ensure};

pub(crate) const UNIT: &str = "minimax-watch";
pub(crate) const CONFIG: &str = "/etc/minimax-watch/minimax-watch.toml";
pub(crate) const STORE: &str = "/var/lib/minimax-watch/minimax-watch.db";

pub(crate) fn at_work(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    let status = machine.property(UNIT, "StatusText");
    ensure(status.starts_with("2 accounts, 1 open alert, next run 20"), "a status text", &status)?;
    ensure(machine.property(UNIT, "Type") == "notify", "Type=notify", ())?;
    let journal = machine.journal(UNIT);
    // The journal has fields and priorities beside the sentences.
    let of_the_account = machine.must(&["journalctl", "--no-pager", "--output=cat", "ACCOUNT=654321"])?;
    let fires = "alert fires: studio-b: expiry (critical): The MiniMax token expired ";
    ensure(of_the_account.contains(fires), "entries by ACCOUNT=", &of_the_account)?;
    let warnings =
        machine.must(&["journalctl", "--no-pager", "--output=cat", "-u", UNIT, "-p", "warning"])?;
    ensure(!warnings.contains("watching"), "INFO is not a warning", &warnings)?;
    let ours = machine.must(&["journalctl", "--no-pager", "--output=json", "_COMM=minimax-watch"])?;
    ensure(
        ours.contains("\"MSG_ID\"") && !ours.contains("\"MESSAGE_ID\""),
        "no field of systemd's own",
        &ours,
    )?;
    let quiet = machine.must(&["journalctl", "--no-pager", "--output=cat", "-u", UNIT, "PRIORITY=6"])?;
    ensure(quiet.contains("watching 2 accounts") && quiet.contains(fires), "INFO is PRIORITY=6", &quiet)?;
    Ok([status].into_iter().chain(journal.lines().map(|line| format!("  {line}"))).collect())
}

pub(crate) fn reload_valid(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, asked) = (world.counts(), world.api.request_count());
    let process = machine.property(UNIT, "MainPID");
    world.vendor.put(Record::ending("777777", ahead(-DAY)));
    let more = "[[subscriptions.accounts]]\nid = \"777777\"\nname = \"studio-c\"\n";
    machine.write(CONFIG, &world.configuration(STORE, more));
    machine.must(&["systemctl", "reload", UNIT])?;
    world.wait_for_requests(machine, asked + 2)?;
    let received = world.received(before, 1)?;
    ensure(received == (before.0 + 1, before.1 + 1), "one message about the new account", received)?;
    ensure(
        world.received_about("studio-b") == ["firing expired"],
        "no repeated message",
        world.received_about("studio-b"),
    )?;
    ensure(machine.property(UNIT, "MainPID") == process, "the same process", process)?;
    let status = eventually("the new status", || {
        Some(machine.property(UNIT, "StatusText"))
            .filter(|status| status.starts_with("3 accounts, 2 open alerts,"))
    })?;
    Ok(vec![status])
}

pub(crate) fn listens(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    let good = std::fs::read_to_string(machine.path(CONFIG)).unwrap();
    machine.write(CONFIG, &format!("{good}[http]\nlisten = \"127.0.0.1:0\"\n"));
    machine.must(&["systemctl", "reload", UNIT])?;
    let address = eventually("an address in the journal", || {
        let journal = machine.journal(UNIT);
        let line = journal.lines().rev().find(|line| line.contains("listening on http://"))?;
        line.split("http://").nth(1)?.split_whitespace().next().map(ToOwned::to_owned)
    })?;
    let mut seen = Vec::new();
    for path in ["/healthz", "/readyz", "/", "/metrics", "/api/v1/usable"] {
        let answer = get(&address, path).map_err(|error| format!("{path}: {error}"))?;
        let status = answer.lines().next().unwrap_or_default().to_owned();
        ensure(status == "HTTP/1.1 200 OK", "an answer", (path, &answer))?;
        seen.push(format!("{path}: {status}"));
    }
    let process = machine.property(UNIT, "MainPID");
    // The niceness is field 19, the 17th behind the name.
    let each = format!(
        "for thread in /proc/{process}/task/*; do cat $thread/comm; sed 's/.*) //' $thread/stat | cut -d ' ' -f 17; done"
    );
    let threads = machine.must(&["sh", "-c", &each])?;
    let nice = threads.lines().skip_while(|line| *line != "http").nth(1);
    ensure(nice == Some("15"), "a low priority of its thread", &threads)?;
    machine.write(CONFIG, &good);
    machine.must(&["systemctl", "reload", UNIT])?;
    eventually("the end of the listener", || {
        machine.journal(UNIT).contains("the HTTP listener stops").then_some(())
    })?;
    Ok(seen)
}

fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn reload_invalid(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, process) = (world.counts(), machine.property(UNIT, "MainPID"));
    let good = std::fs::read_to_string(machine.path(CONFIG)).unwrap();
    machine.write(CONFIG, &format!("{good}keeep = \"7d\"\n[colours]\n"));
    machine.must(&["systemctl", "reload", UNIT])?;
    let status = eventually("a refusal in the status", || {
        Some(machine.property(UNIT, "StatusText")).filter(|status| status.contains("refused"))
    })?;
    let journal = machine.journal(UNIT);
    for problem in ["store.keeep: unknown key", "colours: unknown key"] {
        ensure(status.contains(problem) && journal.contains(problem), problem, (&status, &journal))?;
    }
    ensure(machine.property(UNIT, "ActiveState") == "active", "the service keeps running", ())?;
    ensure(machine.property(UNIT, "MainPID") == process, "the same process", &process)?;
    machine.write(CONFIG, &good);
    machine.must(&["systemctl", "reload", UNIT])?;
    eventually("a status without a refusal", || {
        (!machine.property(UNIT, "StatusText").contains("refused")).then_some(())
    })?;
    ensure(world.counts() == before, "no message", world.counts())?;
    Ok(vec![status])
}

pub(crate) fn start_invalid(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    let good = std::fs::read_to_string(machine.path(CONFIG)).unwrap();
    machine.must(&["systemctl", "stop", UNIT])?;
    machine.write(CONFIG, &format!("{good}keeep = \"7d\"\n[colours]\n"));
    let start = machine.run(&["systemctl", "start", UNIT]);
    ensure(start.status == Some(1), "a start that fails", &start)?;
    let warnings =
        machine.must(&["journalctl", "--no-pager", "--output=cat", "-u", UNIT, "-p", "err", "-n", "4"])?;
    let status = machine.property(UNIT, "StatusText");
    for problem in ["store.keeep: unknown key", "colours: unknown key"] {
        ensure(warnings.contains(problem) && status.contains(problem), problem, (&warnings, &status))?;
    }
    machine.write(CONFIG, &good);
    machine.must(&["systemctl", "start", UNIT])?;
    Ok(vec![status])
}

pub(crate) fn renewed_secret(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let before = world.counts();
    let renewed = "user:1234-renewedT0ken";
    world.vendor.reset_token(SecretString::from(renewed));
    machine.must(&["systemctl", "reload", UNIT])?;
    let received = world.received(before, 1)?;
    machine.write("/etc/minimax-watch/secrets/useapi-token", renewed);
    let asked = world.api.request_count();
    machine.must(&["systemctl", "reload", UNIT])?;
    world.wait_for_requests(machine, asked)?;
    let journal = machine.journal(UNIT);
    let hint = journal.lines().rev().find(|line| line.contains("systemctl restart")).unwrap_or_default();
    ensure(hint.contains("credentials"), "a hint about credentials", &journal)?;
    ensure(world.counts() == received, "the 401 is sent once", world.counts())?;
    machine.must(&["systemctl", "restart", UNIT])?;
    let received = world.received(received, 1)?;
    world.vendor.reset_token(SecretString::from(TOKEN));
    machine.write("/etc/minimax-watch/secrets/useapi-token", TOKEN);
    machine.must(&["systemctl", "restart", UNIT])?;
    ensure(world.counts() == received, "the restart sends nothing", world.counts())?;
    Ok(vec![hint.to_owned()])
}

pub(crate) fn second_process(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    let check = machine.run(&["minimax-watch", "check"]);
    ensure(check.status == Some(3) && check.text.contains("is in use by"), "a refusal", &check)?;
    // The same file under another name.
    machine.must(&["ln", "-s", STORE, "/srv/other.db"])?;
    let other = machine.sh("MINIMAX_WATCH__STORE__PATH=/srv/other.db minimax-watch check");
    ensure(other.status == Some(3) && other.text.contains("is in use by"), "a refusal", &other)?;
    let status = machine.run(&["minimax-watch", "status"]);
    ensure(
        status.status == Some(2) && status.text.contains("studio-b"),
        "what root's `status` reads",
        &status,
    )?;
    Ok(vec![check.text])
}

pub(crate) fn expiry_on_time(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let (before, end) = (world.counts(), ahead(5));
    world.vendor.put(Record::ending("123456", end));
    machine.must(&["systemctl", "reload", UNIT])?;
    let received = world.received(before, 2)?;
    let late = clock::now() - end;
    ensure(
        received.0 == before.0 + 2,
        "the stage of one hour, then expired",
        world.received_about("studio-a"),
    )?;
    ensure(late < TimeDelta::seconds(5), "within seconds of the expiry", late)?;
    Ok(vec![format!("{late} after the token expired: {:?}", world.received_about("studio-a"))])
}

pub(crate) fn stopped(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let before = world.counts();
    for signal in ["TERM", "INT"] {
        machine.must(&["systemctl", "start", UNIT])?;
        machine.must(&["systemctl", "kill", "--signal", signal, UNIT])?;
        eventually("its end", || (machine.property(UNIT, "ActiveState") == "inactive").then_some(()))?;
        ensure(machine.property(UNIT, "Result") == "success", "an orderly end", signal)?;
    }
    machine.must(&["systemctl", "start", UNIT])?;
    machine.must(&["systemctl", "stop", UNIT])?;
    ensure(machine.property(UNIT, "Result") == "success", "an orderly end", ())?;
    ensure(world.counts() == before, "three starts send nothing", world.counts())?;
    let journal = machine.journal(UNIT);
    let last: Vec<&str> = journal.lines().rev().take(4).collect();
    ensure(last.iter().any(|line| line.contains("stopped")), "a last log line", &last)?;
    Ok(last.into_iter().rev().map(str::to_owned).collect())
}
