//! Reloading: a valid configuration takes over, an invalid one is refused as a whole.
//!
//! Guarantees: checks in flight end with the configuration that they started with, and no further ones start; the run is
//! interrupted and started again at once with the new configuration. systemd sees a reload until that has taken over. Deliveries
//! in flight continue. Nothing that the old configuration learnt is stored after the first notification of the new one. A refusal
//! changes only the status.

use super::run_state::RunState;
use super::service::Daemon;
use super::systemd::Systemd;
use crate::engine::Engine;
use crate::output::reasons;

impl Daemon {
    /// Lets the engine that `reload` makes take over, if it succeeds.
    pub(super) async fn reload(&mut self, reload: &impl Fn(&Self) -> anyhow::Result<Engine>) {
        Systemd::reloading();
        match reload(self) {
            Ok(engine) => {
                self.refused = None;
                // Results of checks by the old configuration must not arrive after the first message of the new one.
                if self.run.is_checking() {
                    self.engine.stop_checks();
                    self.next_engine = Some(engine);
                    tracing::info!("the new configuration takes over when the checks in flight have ended");
                } else {
                    self.apply_config(engine).await;
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
        if self.next_engine.is_none() {
            self.report_ready();
        }
    }

    pub(super) async fn apply_config(&mut self, engine: Engine) {
        if engine.config.store.path != self.engine.config.store.path {
            tracing::warn!("a new [store].path takes effect after a restart; the old store stays in use");
        }
        engine.inherit_limits(&self.engine);
        self.engine = engine;
        self.listener.apply(&self.engine.config, &self.engine.store);
        // A run that waits is left: the next one, which is due at once, checks every account.
        if self.run.is_incomplete() {
            self.run = RunState::Interrupted;
        }
        if let Err(error) = self.engine.watch().await {
            self.failed(
                error,
                "the accounts of the new configuration could not be stored; the next run tries again",
            );
        }
        let now = self.now();
        // An operator who replaced a token or added an account expects the result now.
        self.next_run = Some(now);
        self.next_evaluation = Some(now);
        self.attempts.clear();
        self.enqueue_all_receivers(now);
        tracing::info!("configuration reloaded");
    }
}
