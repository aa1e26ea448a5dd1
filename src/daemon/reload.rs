//! Reloading: a good configuration takes over, a bad one is refused whole.
//!
//! Promises: checks in flight end by the configuration that they began with, and no further ones begin: the run is cut short
//! and made again at once by the new configuration. systemd is told of a reload until that has taken over. Deliveries in flight
//! go on and lose nothing; a refusal changes nothing but what is said of it.

use super::Daemon;
use super::systemd::Systemd;
use crate::engine::Engine;
use crate::output::reasons;

impl Daemon {
    /// Lets the engine that `reload` makes take over, if it makes one.
    pub(super) async fn reload(&mut self, reload: &impl Fn(&Self) -> anyhow::Result<Engine>) {
        Systemd::reloading();
        match reload(self) {
            Ok(engine) => {
                self.refused = None;
                // What a run learns by the old configuration must not come after the new one's first message.
                if self.looking.is_empty() {
                    self.adopt(engine).await;
                } else {
                    self.engine.halt();
                    self.next_engine = Some(engine);
                    tracing::info!("the new configuration takes over when the checks in flight have ended");
                }
            }
            Err(error) => {
                let reasons = reasons(&error);
                for reason in &reasons {
                    tracing::error!("the new configuration is refused, the old one stays: {reason}");
                }
                self.refused = Some(reasons.join("; "));
            }
        }
        let status = self.status();
        if self.next_engine.is_none() {
            self.systemd.ready(status);
        } else {
            self.systemd.stands(status);
        }
    }

    pub(super) async fn adopt(&mut self, engine: Engine) {
        if engine.config.store.path != self.engine.config.store.path {
            tracing::warn!("another [store].path needs a restart; the old store stays in use");
        }
        engine.learn_paces(&self.engine);
        self.engine = engine;
        // The run that follows asks everybody.
        self.is_half_seen |= self.put_off.take().is_some();
        if let Err(error) = self.engine.watch().await {
            self.failed(
                error,
                "the accounts of the new configuration could not be stored; the next run tries again",
            );
        }
        let now = self.now();
        // Whoever mended a token or added an account wants to know now, not at the next run of a slow schedule.
        self.next_run = Some(now);
        self.next_word = Some(now);
        self.attempts.clear();
        self.queue_all(now);
        tracing::info!("configuration reloaded");
    }
}
