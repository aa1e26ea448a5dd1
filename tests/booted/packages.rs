//! Upgrade and removal of the package, the timer and the instances.

use crate::simulator::{Answer, ErrorBody, Record, StatusCode};

use crate::machine::eventually;
use crate::operation::{CONFIG, STORE, UNIT};
use crate::world::{DAY, ahead};
use crate::{ActResult, Setup, ensure};

const CHECK: &str = "minimax-watch-check.service";
const TIMER: &str = "minimax-watch-check.timer";

pub(crate) fn upgraded(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let of = |what: &str| machine.sh(what).text;
    let show = "dpkg-query --show --showformat='${Version}' minimax-watch";
    let alerts = "minimax-watch alerts --json | grep '\"id\": \"01'";
    let (version, open, process, config) =
        (of(show), of(alerts), machine.property(UNIT, "MainPID"), of(&format!("cat {CONFIG}")));
    ensure(open.lines().count() > 1, "open alerts", &open)?;
    let before = world.counts();
    let package = setup.package();
    machine.must(&["dpkg", "--install", &package])?;
    let now = of(show);
    ensure(now != version, "another version", &now)?;
    ensure(of(&format!("cat {CONFIG}")) == config, "the same configuration", ())?;
    ensure(of(alerts) == open, "the same open alerts", of(alerts))?;
    ensure(machine.property(UNIT, "ActiveState") == "active", "a service", machine.journal(UNIT))?;
    ensure(machine.property(UNIT, "MainPID") != process, "of the new version", process)?;
    ensure(world.counts() == before, "no message", world.counts())?;
    Ok(vec![format!("{version} -> {now}, {} open alerts before and after", open.lines().count())])
}

pub(crate) fn by_timer(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let mut seen = Vec::new();
    // A unit that a timer may start stays loaded after it ended, with its status.
    machine.must(&["systemctl", "enable", "--now", TIMER])?;
    let unavailable = || Answer::unavailable(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::Html);
    for (status, result) in [("2", "success"), ("1", "success"), ("3", "exit-code")] {
        match status {
            "1" => {
                // Every account is renewed, one of them for less than a week.
                for (account, days) in [("123456", 20), ("654321", 20), ("777777", 5)] {
                    world.vendor.put(Record::ending(account, ahead(days * DAY)));
                }
            }
            "3" => world.vendor.set_all(Some(unavailable())),
            _ => {}
        }
        let _ = machine.run(&["systemctl", "start", CHECK]);
        let (left, ended) = (machine.property(CHECK, "ExecMainStatus"), machine.property(CHECK, "Result"));
        ensure(
            left == status && ended == result,
            "this result",
            (status, &left, &ended, machine.journal(CHECK)),
        )?;
        seen.push(format!("exit status {left}: {ended}"));
    }
    world.vendor.set_all(None);
    machine.must(&["systemctl", "reset-failed"])?;
    let often = "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=100ms\n";
    machine.write("/run/systemd/system/minimax-watch-check.timer.d/often.conf", often);
    machine.must(&["systemctl", "daemon-reload"])?;
    let asked = world.api.request_count();
    machine.must(&["systemctl", "restart", TIMER])?;
    world.wait_for_requests(machine, asked + 3)?;
    machine.must(&["systemctl", "stop", TIMER])?;
    eventually("the end of the last check", || {
        (machine.property(CHECK, "ActiveState") == "inactive").then_some(())
    })?;
    // The service can use the store that the timer's user wrote.
    machine.must(&["systemctl", "start", UNIT])?;
    machine.must(&["systemctl", "stop", UNIT])?;
    seen.push("the timer started checks by itself".to_owned());
    Ok(seen)
}

pub(crate) fn instances(setup: &Setup) -> ActResult {
    let Setup { machine, world, .. } = setup;
    let names = ["one", "two"];
    let mut users = Vec::new();
    for name in names {
        let store = format!("/var/lib/minimax-watch@{name}/minimax-watch.db");
        let folder = format!("/etc/minimax-watch/{name}");
        machine.write(&format!("{folder}/minimax-watch.toml"), &world.configuration(&store, ""));
        machine.must(&["install", "-d", "-m", "700", &format!("{folder}/secrets")])?;
        for (file, secret) in world.secrets() {
            machine.write(&format!("{folder}/secrets/{file}"), &secret);
        }
        let asked = world.api.request_count();
        machine.must(&["systemctl", "enable", "--now", &format!("minimax-watch@{name}")])?;
        world.wait_for_requests(machine, asked)?;
        users.push(machine.must(&["stat", "-L", "-c", "%u", &store])?.trim().to_owned());
    }
    ensure(users[0] != users[1], "a user for each", &users)?;
    let other = crate::sandbox::as_the_user_of(
        setup,
        "minimax-watch@one",
        "cat /var/lib/private/minimax-watch@two/*",
    );
    ensure(
        other.contains("Permission denied") || other.contains("No such file"),
        "no access to another instance's store",
        &other,
    )?;
    let processes = || names.map(|name| machine.property(&format!("minimax-watch@{name}"), "MainPID"));
    let before = processes();
    let package = setup.package();
    machine.must(&["dpkg", "--install", &package])?;
    let after = processes();
    ensure(before[0] != after[0] && before[1] != after[1], "a restart by the package", (&before, &after))?;
    Ok(vec![format!("stores of the users {}", users.join(" and "))])
}

pub(crate) fn purged(setup: &Setup) -> ActResult {
    let machine = &setup.machine;
    machine.must(&["systemctl", "start", UNIT])?;
    machine.must(&["apt-get", "remove", "--yes", "minimax-watch"])?;
    for unit in [UNIT, "minimax-watch@one", "minimax-watch@two"] {
        let active = machine.property(unit, "ActiveState") == "active";
        ensure(!active, "the service is stopped", unit)?;
    }
    let kept = machine.must(&["ls", STORE, CONFIG, "/etc/minimax-watch/secrets/useapi-token"])?;
    machine.must(&["apt-get", "purge", "--yes", "minimax-watch"])?;
    let left = machine
        .sh("find / -xdev -name '*minimax*' -not -path '/proc/*' -not -path '/srv/*' 2>/dev/null")
        .text;
    // `systemd-analyze verify` rendered a man page into man's own cache.
    let left: Vec<&str> = left.lines().filter(|path| !path.starts_with("/var/cache/man/")).collect();
    ensure(left.is_empty(), "nothing left", &left)?;
    Ok(vec![format!("after removal:\n{kept}after purge: nothing")])
}
