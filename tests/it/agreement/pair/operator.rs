//! What an operator does in a course.

use chrono::TimeDelta;
use minimax_watch::domain::silence::Matcher;
use minimax_watch::store::{Ack, NewSilence};

use super::super::course::ACCOUNTS;
use super::super::model::Silence;
use super::Pair;

impl Pair {
    pub(super) async fn restart(&mut self) {
        self.configured(true).await;
    }

    pub(super) async fn configured(&mut self, restart: bool) {
        let settings = self.choice.settings(self.watched, &self.desk_receiver);
        self.model.configure(self.choice.policy());
        if restart {
            self.world.reopen(settings).await;
            self.world.engine.watch().await.unwrap();
        } else {
            self.world.reload(settings).await;
        }
        self.tick().await;
    }

    pub(super) async fn silence(&mut self, glob: &'static str, length: TimeDelta, even_critical: bool) {
        let until = self.world.now() + length;
        let matcher = Matcher::new(&[glob.to_owned()], &[], []).unwrap();
        let silence = NewSilence { matcher, until, reason: "tests".to_owned(), even_critical };
        let mut writer = self.world.engine.store.write().await.unwrap();
        writer.add_silence(&silence, self.world.now()).await.unwrap();
        writer.commit().await.unwrap();
        self.model.silence(Silence { glob, until, even_critical });
        self.tick().await;
    }

    pub(super) async fn ack(&mut self) {
        let ack = Ack { at: self.world.now(), reason: String::new() };
        let firing = self.world.engine.store.firing_alerts().await.unwrap();
        let mut writer = self.world.engine.store.write().await.unwrap();
        for alert in firing {
            writer.ack(&alert.id, &ack).await.unwrap();
        }
        writer.commit().await.unwrap();
        self.model.ack();
    }

    pub(super) async fn watch(&mut self, watched: bool) {
        // Accounts that join or leave during a subscription-wide fault have their own tests.
        let shared = self.outage.is_some() || self.model.has_subscription_fault();
        let count = if watched { ACCOUNTS.len() } else { ACCOUNTS.len() - 1 };
        if shared || count == self.watched {
            return;
        }
        self.watched = count;
        self.model.watch(ACCOUNTS[ACCOUNTS.len() - 1].1, watched, &mut self.removed_account);
        self.configured(false).await;
    }
}
