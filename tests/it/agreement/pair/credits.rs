//! The questions for credits in a run, and what the model learns of the answers.

use super::super::course::ACCOUNTS;
use super::super::credits::{CreditsChange, CreditsForm};
use super::super::model::{CreditsSeen, Moment, Seen};
use super::Pair;

/// A question: the index of the account, when it was asked, and what was answered.
type Question = (usize, Moment, (Option<CreditsForm>, CreditsSeen));

impl Pair {
    pub(super) fn change_credits(&mut self, account: usize, change: CreditsChange) {
        let now = self.world.now();
        let exception = self.vendors[account].credits.apply(change, self.choice.credits, now);
        if let Some(answer) = exception {
            self.world.main.next_features(ACCOUNTS[account].0, answer);
        }
    }

    /// The model is given the answers of a run that began at `began`, with checks that showed `seen`. A run that `is_complete` also made its
    /// confirmation checks.
    pub(super) fn read_credits(&mut self, seen: &[(&'static str, Seen)], began: Moment, is_complete: bool) {
        let questions = self.new_questions(seen, began);
        let is_held_up = self.outage.is_some()
            || questions.iter().any(|(.., (form, _))| form.is_some_and(CreditsForm::holds_up_others));
        for (which, (_, name)) in ACCOUNTS.iter().enumerate() {
            let is_asked = questions.iter().any(|(asked, at, _)| *asked == which && *at == began);
            let due = self.model.is_credits_question_due(name, began).filter(|_| which < self.watched);
            match due {
                Some(true) => assert!(is_asked || is_held_up, "{name} is asked about once an interval"),
                Some(false) => assert!(!is_asked, "{name} is asked about once an interval"),
                None => assert!(!is_asked || which < self.watched, "{name} is not watched"),
            }
        }
        for (which, at, (_, seen)) in &questions {
            self.model.read_credits(ACCOUNTS[*which].1, *seen, *at);
        }
        for (which, (_, name)) in ACCOUNTS.iter().enumerate() {
            let last = questions.iter().rfind(|(asked, ..)| *asked == which);
            let is_seen_dead = last.is_some_and(|(.., (_, seen))| *seen == CreditsSeen::Dead);
            let is_left_in_doubt = is_seen_dead && self.model.is_session_in_doubt(name);
            assert!(
                !is_complete || is_held_up || !is_left_in_doubt,
                "the session of {name} is confirmed dead"
            );
        }
    }

    /// The questions that the model has not been given, with their answers.
    fn new_questions(&mut self, seen: &[(&'static str, Seen)], now: Moment) -> Vec<Question> {
        let requests = self.world.api.features_requests();
        let new = &requests[self.credits_asked..];
        self.credits_asked = requests.len();
        let mut questions = Vec::new();
        for request in new {
            let id = request.account.as_ref().unwrap();
            let which = ACCOUNTS.iter().position(|(known, _)| *known == id.as_str()).unwrap();
            let own = seen.iter().find(|(name, _)| *name == ACCOUNTS[which].1);
            let is_ok = own.is_some_and(|(_, seen)| matches!(seen, Seen::Healthy { .. }));
            let answer = self.vendors[which].credits.next_seen(self.outage.is_some(), is_ok, now);
            questions.push((which, request.at, answer));
        }
        questions
    }
}
