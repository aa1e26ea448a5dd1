//! What is measured: one vendor, one number of accounts, one condition at a time.

use std::process::{Command, Stdio};

use crate::costs::Cost;
use crate::ours::{Fetch, Ours};
use crate::table::{Bound, Row, bound, grouped};
use crate::vendor::Vendor;

/// What is the same for all contenders of one comparison.
pub(crate) struct Series {
    accounts: usize,
    tls: bool,
}

impl Series {
    /// All of them, the long ones when `full`.
    pub(crate) fn all(full: bool) -> Vec<Self> {
        let mut all = vec![Self { accounts: 10_000, tls: false }];
        if full {
            all.push(Self { accounts: 10_000, tls: true });
        }
        all
    }

    /// What it is called.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", grouped(self.accounts), if self.tls { "TLS" } else { "plain" })
    }

    /// Measures in turn, `rounds` times; prints; says whether every bound was kept.
    pub(crate) fn measure(&self, rounds: usize) -> anyhow::Result<bool> {
        let folder = tempfile::tempdir()?;
        let mut vendor = Vendor::start(self.tls.then(|| folder.path().join("ca.pem")))?;
        let n = self.accounts;
        let mut asked = vendor.order(&format!("accounts 1 {n} 3"))?;
        let ours = Ours::new(&vendor, n, Fetch::Each, "")?;
        ours.check(0)?;
        asked = vendor.asked(asked, n)?;
        let size = ours.store_size()?;
        let (mut bare, mut stored, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..rounds {
            bare.push(self.baseline(&vendor, None)?);
            stored.push(self.baseline(&vendor, Some(folder.path().join(format!("{round}.db"))))?);
            asked = vendor.asked(asked, 2 * n)?;
            checks.push(ours.check(0)?);
            asked = vendor.asked(asked, n)?;
        }
        let grown = crate::costs::count(usize::try_from(ours.store_size()?.saturating_sub(size))?);
        let name = self.name();
        Row::of(&name, "bare loop", n, &bare);
        let stored = Row::of(&name, "loop with a batched store", n, &stored);
        let ours = Row::of(&name, "`check`, nothing changed", n, &checks);
        let mut kept =
            bound("looks/s to the loop with a store", ours.rate / stored.rate, Bound::AtLeast(0.6));
        kept &= bound("CPU to the loop with a store", ours.processor / stored.processor, Bound::AtMost(1.5));
        kept &= bound("bytes that the store grew by", grown, Bound::AtMost(0.0));
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
