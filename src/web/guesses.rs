//! Tokens that clients send: compared in constant time, wrong ones slowed.
//!
//! A wrong token is answered after a second. After [`MAX_RECENT`] of them within that time, further tokens of the same client are refused
//! without a look at them: otherwise it could go on guessing, hang up early, and see a right one by its quick answer. Other clients are not
//! affected.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

/// When a wrong token is answered.
const DELAY: Duration = Duration::from_secs(1);

/// Wrong tokens of one client within [`DELAY`].
const MAX_RECENT: usize = 4;

/// What became of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    Right,
    Wrong,
    /// It was not compared.
    TooMany,
}

/// When the latest wrong tokens of each client came.
#[derive(Debug, Default)]
pub(super) struct Guesses(Mutex<BTreeMap<IpAddr, Vec<Instant>>>);

impl Guesses {
    /// Compares `given` with `token`; takes a second when it differs.
    pub(super) async fn verify(&self, peer: IpAddr, given: &str, token: &SecretString) -> Guess {
        let client = client(peer);
        if self.recent().get(&client).is_some_and(|wrong| wrong.len() >= MAX_RECENT) {
            return Guess::TooMany;
        }
        if is_same(given, token.expose_secret()) {
            return Guess::Right;
        }
        self.recent().entry(client).or_default().push(Instant::now());
        tracing::warn!(%peer, "a request to the HTTP listener with a wrong token, from {peer}");
        tokio::time::sleep(DELAY).await;
        Guess::Wrong
    }

    /// Those that came within [`DELAY`].
    fn recent(&self) -> MutexGuard<'_, BTreeMap<IpAddr, Vec<Instant>>> {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, wrong| {
            wrong.retain(|at| at.elapsed() < DELAY);
            !wrong.is_empty()
        });
        recent
    }
}

/// Who is counted as one client: an IPv6 network is usually one machine's.
fn client(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// Compares digests, so that the time shows neither a common beginning nor the length.
fn is_same(given: &str, token: &str) -> bool {
    let [given, token] = [given, token].map(|text| digest(&SHA256, text.as_bytes()));
    given.as_ref().ct_eq(token.as_ref()).into()
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn wrong_tokens_are_slowed_and_beyond_a_few_no_token_of_this_client_is_compared() {
        let (guesses, token) = (Guesses::default(), SecretString::from("correct-horse-battery"));
        let [peer, other]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let started = Instant::now();
        assert_eq!(guesses.verify(peer, "correct-horse-battery", &token).await, Guess::Right);
        assert!(started.elapsed() < DELAY);
        let wrong = (0..6).map(|_| guesses.verify(peer, "correct-horse-batterx", &token));
        let during = async {
            tokio::time::sleep(DELAY / 2).await;
            let right = |peer| guesses.verify(peer, "correct-horse-battery", &token);
            (right(peer).await, right(other).await)
        };
        let (results, during) = tokio::join!(join_all(wrong), during);
        let count = |expected| results.iter().filter(|guess| **guess == expected).count();
        assert_eq!((count(Guess::Wrong), count(Guess::TooMany)), (MAX_RECENT, 2));
        assert_eq!(during, (Guess::TooMany, Guess::Right));
        assert!(started.elapsed() >= DELAY);
        assert_eq!(guesses.verify(peer, "correct-horse-battery", &token).await, Guess::Right);
        assert!(guesses.recent().is_empty());
    }
}
