//! What a server does: a standing behaviour, and exceptions that happen once.

use std::collections::VecDeque;

/// `None` is what the server does by default.
#[derive(Clone, Debug)]
pub(crate) struct Script<B> {
    current: Option<B>,
    once: VecDeque<B>,
}

impl<B> Default for Script<B> {
    fn default() -> Self {
        Self { current: None, once: VecDeque::new() }
    }
}

impl<B: Clone> Script<B> {
    /// Sets the standing behaviour, and returns the previous one.
    pub(crate) fn set(&mut self, behaviour: Option<B>) -> Option<B> {
        std::mem::replace(&mut self.current, behaviour)
    }

    /// Adds an exception, which takes precedence over the standing behaviour once.
    pub(crate) fn once(&mut self, behaviour: B) {
        self.once.push_back(behaviour);
    }

    pub(crate) fn take_exception(&mut self) -> Option<B> {
        self.once.pop_front()
    }

    pub(crate) fn current(&self) -> Option<&B> {
        self.current.as_ref()
    }

    /// The behaviour for the next client: the next exception, else the standing one.
    pub(crate) fn next(&mut self) -> Option<B> {
        self.take_exception().or_else(|| self.current.clone())
    }
}
