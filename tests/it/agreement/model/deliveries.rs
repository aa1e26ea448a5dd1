//! The state of the messages to one receiver, derived from its answers.

/// A message has failed permanently after this many refusals: at once, and after 5 s, 30 s, 5 min and 30 min.
const MAX_REFUSALS: u8 = 5;

/// What a receiver answered to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::agreement) enum Answer {
    Taken,
    /// Refused; a retry may succeed.
    Refused,
    /// Final (410).
    Gone,
    /// A failure that says nothing about the message.
    Failing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waits { refusals: u8 },
    Taken,
    Failed,
}

/// The messages in the order in which they were decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries(Vec<State>);

impl Deliveries {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn decide(&mut self) {
        self.0.push(State::Waits { refusals: 0 });
    }

    pub(super) fn answer(&mut self, message: usize, answer: Answer) {
        let state = &mut self.0[message];
        *state = match (*state, answer) {
            (_, Answer::Taken) => State::Taken,
            (State::Waits { refusals }, Answer::Refused) if refusals + 1 < MAX_REFUSALS => {
                State::Waits { refusals: refusals + 1 }
            }
            (State::Waits { .. }, Answer::Refused | Answer::Gone) => State::Failed,
            (state, Answer::Refused | Answer::Gone | Answer::Failing) => state,
        };
    }

    pub(super) fn has_failed(&self, message: usize) -> bool {
        self.0[message] == State::Failed
    }

    pub(super) fn failed(&self) -> usize {
        self.0.iter().filter(|state| **state == State::Failed).count()
    }

    /// Whether the receiver accepted a message between these two.
    pub(super) fn has_taken_between(&self, after: usize, before: usize) -> bool {
        self.0[..before].iter().skip(after + 1).any(|state| *state == State::Taken)
    }
}
