//! What the two receivers of a course received, how they answer, and when they fail.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::super::course::Trouble;
use super::super::desk::{Attempted, Desk, read_messages};
use super::super::model::{Answer as Answered, Moment};
use super::Pair;
use crate::received;
use crate::simulator::{Delivery, Reply, WebhookServer};

/// A receiver is repaired after this outage: after seven days its messages would fail permanently, which has other tests.
const LONGEST_OUTAGE: TimeDelta = TimeDelta::days(3);

/// The attempts at one receiver that the model has been given.
#[derive(Default)]
pub(super) struct SeenAttempts {
    /// The messages in the order of their first attempts.
    ids: Vec<String>,
    attempts: usize,
}

impl Pair {
    pub(super) fn expected_answer(&self, which: usize) -> Answered {
        match self.failing[which] {
            None => Answered::Taken,
            // A program has no such answers.
            Some(_) if which == 1 && matches!(self.desk, Desk::Program(_)) => Answered::Failing,
            Some((_, Trouble::Status(410))) => Answered::Gone,
            Some((_, Trouble::Status(400..=404))) => Answered::Refused,
            Some((_, Trouble::Status(_) | Trouble::Closed | Trouble::Unreachable)) => Answered::Failing,
        }
    }

    /// Gives the model the attempts at messages that it has decided; returns whether there were any.
    pub(super) fn record_attempts(&mut self, which: usize, answer: Answered) -> bool {
        let attempts = self.attempts(which);
        let (decided, _) = self.model.messages(which);
        let before = self.received[which].attempts;
        for (id, ..) in &attempts[before..] {
            let received = &mut self.received[which];
            let known = received.ids.iter().position(|known| known == id);
            let message = known.unwrap_or(received.ids.len());
            if message >= decided {
                break;
            }
            if known.is_none() {
                received.ids.push(id.to_owned());
            }
            received.attempts += 1;
            self.model.answered(which, message, answer);
        }
        self.received[which].attempts > before
    }

    pub(super) fn trouble(&mut self, which: usize, fails: Option<Trouble>) {
        if let Some((_, Trouble::Unreachable)) = self.failing[which] {
            match which {
                0 => self.world.pager.come_back().unwrap(),
                _ => self.desk.come_back(&self.world),
            }
        }
        let since = self.failing[which].map_or(self.world.now(), |(since, _)| since);
        self.failing[which] = fails.map(|trouble| (since, trouble));
        if let Some(Trouble::Unreachable) = fails {
            match which {
                0 => self.world.pager.go_down(),
                _ => self.desk.go_down(&self.world),
            }
        }
        self.apply_trouble(which);
    }

    pub(super) fn apply_trouble(&self, which: usize) {
        let trouble = self.failing[which].map(|(_, trouble)| trouble);
        if which == 1 {
            return self.desk.apply(&self.world, trouble);
        }
        self.world.pager.set(trouble.and_then(|trouble| match trouble {
            Trouble::Status(status) => Some(Reply::status(StatusCode::from_u16(status).unwrap())),
            Trouble::Closed => Some(Reply::close()),
            Trouble::Unreachable => None,
        }));
    }

    pub(super) fn repair_long_outages(&mut self) {
        let now = self.world.now();
        for which in 0..2 {
            let Some((since, _)) = &mut self.failing[which] else { continue };
            *since = now.min(*since);
            if now - *since > LONGEST_OUTAGE {
                self.trouble(which, None);
            }
        }
    }

    /// The attempts at one receiver so far; those at the desk, up to the last [`Self::read_desk`].
    pub(super) fn attempts(&self, which: usize) -> Vec<Attempted> {
        match which {
            0 => webhook_attempts(&self.world.pager),
            _ => self.desk.attempts(&self.world, &self.desk_messages.0),
        }
    }

    /// Reads what the desk may have received since the last time.
    pub(super) async fn read_desk(&mut self) {
        let count = self.desk.count(&self.world);
        if matches!(self.desk, Desk::Service(_)) && count > self.desk_messages.1 {
            read_messages(&self.world, &mut self.desk_messages.0).await;
            self.desk_messages.1 = count;
        }
    }

    /// Drops the future while it sends: that leaves behind what a kill would.
    pub(super) async fn kill_while_sending(&mut self) {
        self.check_all().await;
        if matches!(self.expected_answer(1), Answered::Refused | Answered::Gone) {
            // Whether an answer that the kill cut off was recorded cannot be known here.
            self.trouble(1, None);
        }
        let pager = &self.world.pager;
        let sent = pager.count() + 1;
        pager.set(Some(Reply::hang()));
        tokio::select! {
            biased;
            () = pager.wait_for(sent) => {}
            _ = self.world.tick() => {}
        }
        self.follow(self.world.now(), Some(Answered::Failing)).await;
        self.apply_trouble(0);
        self.restart().await;
    }
}

/// The messages of `attempts` in the order of their first attempts. A repeat has the same bytes and comes before any newer
/// message.
pub(super) fn notified(attempts: &[Attempted]) -> Vec<(Moment, String)> {
    let mut notified: Vec<&Attempted> = Vec::new();
    for attempt in attempts {
        let (id, _, bytes) = attempt;
        match notified.iter().find(|(known, ..)| known == id) {
            Some((_, _, known)) => {
                assert_eq!(known, bytes, "the same id, the same bytes");
                assert_eq!(notified.last().unwrap().0, *id, "messages keep their order");
            }
            None => notified.push(attempt),
        }
    }
    let moment = |body: &serde_json::Value| body["timestamp"].as_str().unwrap().parse().unwrap();
    notified.iter().map(|(_, body, _)| (moment(body), received::line(body))).collect()
}

/// The attempts at a webhook, whose body is the content.
pub(in crate::agreement) fn webhook_attempts(webhook: &WebhookServer) -> Vec<Attempted> {
    let attempt = |delivery: &Delivery| {
        let id = delivery.header("webhook-id").unwrap().to_owned();
        (id, received::body(delivery), delivery.body.to_vec())
    };
    webhook.deliveries().iter().map(attempt).collect()
}
