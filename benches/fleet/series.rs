//! The comparisons: one vendor, one number of accounts, one condition each.

use std::process::{Command, Stdio};

use crate::costs::Cost;
use crate::ours::{Fetch, Ours};
use crate::table::{Bound, Row, bound, grouped};
use crate::vendor::Vendor;

/// How often a series is measured whose ratios are promised. One process may cost half as much again as the same one a second later:
/// ratios of single rounds spread by 0.15, those of so many by 0.04.
const BOUND_ROUNDS: usize = 31;

/// The conditions of one comparison.
pub(crate) struct Series {
    accounts: usize,
    tls: bool,
    latency_ms: u64,
}

impl Series {
    /// All comparisons: the plain ones, and each condition by itself.
    pub(crate) fn all() -> [Self; 5] {
        let plain = |accounts| Self { accounts, tls: false, latency_ms: 0 };
        [
            plain(1_000),
            plain(10_000),
            plain(100_000),
            Self { tls: true, ..plain(10_000) },
            Self { latency_ms: 100, ..plain(1_000) },
        ]
    }

    pub(crate) fn name(&self) -> String {
        let Self { accounts, tls, latency_ms } = self;
        let latency = if *latency_ms == 0 { String::new() } else { format!(", {latency_ms} ms away") };
        format!("{}, {}{latency}", grouped(*accounts), if *tls { "TLS" } else { "plain" })
    }

    /// Whether its ratios are bounded.
    const fn is_bound(&self) -> bool {
        !self.tls && self.latency_ms == 0 && self.accounts == 10_000
    }

    /// Measures in turn, `rounds` times, and more often where a ratio is promised; prints. Returns whether each bound was kept.
    pub(crate) fn measure(&self, rounds: usize) -> anyhow::Result<Vec<bool>> {
        let folder = tempfile::tempdir()?;
        let mut vendor = Vendor::start(self.tls.then(|| folder.path().join("ca.pem")))?;
        let n = self.accounts;
        vendor.order(&format!("latency {}", self.latency_ms))?;
        let mut asked = vendor.order(&format!("accounts 1 {n} 3"))?;
        let ours = Ours::new(&vendor, n, Fetch::Each, "")?;
        ours.check(0)?;
        asked = vendor.asked(asked, n)?;
        let size = ours.store_size()?;
        vendor.order(&format!("list {n} 3"))?;
        let by_list = Ours::new(&vendor, n, Fetch::List, "")?;
        by_list.check(0)?;
        asked = vendor.asked(asked, 1)?;
        let (mut bare, mut stored, mut checks, mut lists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let rounds = if self.is_bound() { rounds.max(BOUND_ROUNDS) } else { rounds };
        for round in 0..rounds {
            bare.push(self.baseline(&vendor, None)?);
            stored.push(self.baseline(&vendor, Some(folder.path().join(format!("{round}.db"))))?);
            asked = vendor.asked(asked, 2 * n)?;
            checks.push(ours.check(0)?);
            asked = vendor.asked(asked, n)?;
            lists.push(by_list.check(0)?);
            asked = vendor.asked(asked, 1)?;
        }
        let grown = crate::costs::count(usize::try_from(ours.store_size()?.saturating_sub(size))?);
        let name = self.name();
        let always = bound;
        let bound = |what: &str, value: f64, limit: Bound| {
            always(what, value, if self.is_bound() { limit } else { Bound::None })
        };
        Row::of(&name, "bare loop", n, &bare);
        Row::of(&name, "loop with a batched store", n, &stored);
        let wall = |cost: &Cost| cost.wall.as_secs_f64();
        let rates = ratio(&stored, &checks, wall);
        let ours = Row::of(&name, "`check`, nothing changed", n, &checks);
        let mut kept = vec![bound("checks/s to the loop with a store", rates, Bound::AtLeast(0.8))];
        let processor = |cost: &Cost| cost.processor.as_secs_f64();
        let cpu = ratio(&checks, &stored, processor);
        kept.push(bound("CPU to the loop with a store", cpu, Bound::AtMost(1.3)));
        let by_list = ratio(&lists, &checks, processor);
        let lists = Row::of(&name, "`check` by list, nothing changed", n, &lists);
        kept.push(bound("CPU by list to one by one", by_list, Bound::AtMost(1.0 / 3.0)));
        kept.push(always("bytes that the store grew by", grown, Bound::AtMost(0.0)));
        let most = if n > 10_000 { 120.0 } else { 40.0 };
        kept.push(always("peak MiB", ours.memory.max(lists.memory), Bound::AtMost(most)));
        Ok(kept)
    }

    fn baseline(&self, vendor: &Vendor, store: Option<std::path::PathBuf>) -> anyhow::Result<Cost> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["loop", "--url", &vendor.url, "--accounts", &self.accounts.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(certificate) = &vendor.certificate {
            command.env("SSL_CERT_FILE", certificate);
        }
        if let Some(store) = store {
            command.arg("--store").arg(store);
        }
        let cost = Cost::of(&mut command)?;
        anyhow::ensure!(cost.status.success(), "the loop ended with {}", cost.status);
        Ok(cost)
    }
}

/// How the costs of all rounds of one contender compare to those of another.
pub(crate) fn ratio(ours: &[Cost], theirs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let total = |costs: &[Cost]| costs.iter().map(&of).sum::<f64>();
    total(ours) / total(theirs)
}
