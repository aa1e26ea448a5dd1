//! What each receiver is sent, and when the next message is due.

use std::collections::BTreeSet;

use chrono::{SubsecRound, TimeDelta};

use super::life::{NotifiedState, counts, due_reason, severity_name, stage_name};
use super::{Account, Change, Model, Moment, Severity};

impl Model {
    fn quiet_until(&self, receiver: usize, now: Moment) -> Option<Moment> {
        self.policy.quiet_hours[receiver]?.until(now)
    }

    pub(super) fn notify(&mut self, now: Moment) {
        let all_accounts: Vec<&str> = self.accounts.keys().copied().collect();
        let silenced: Vec<bool> = self
            .lives
            .iter()
            .map(|((subject, _), life)| {
                let is_critical = life.level.severity == Severity::Critical;
                let own = [subject.as_str()];
                let names = if subject.starts_with("main(") { &all_accounts } else { &own[..] };
                self.is_silenced(names, is_critical, now)
            })
            .collect();
        let (mut later, mut changes): (Vec<_>, Vec<_>) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| self.is_silenced(&[change.name], false, now));
        for receiver in 0..2 {
            let min_severities = self.policy.min_severities[receiver];
            let is_quiet = self.quiet_until(receiver, now).is_some();
            let deliveries = &mut self.deliveries[receiver];
            let mut entries = Vec::new();
            let wants = |change: &&mut Change| change.severity >= min_severities && !is_quiet;
            for change in changes.iter_mut().filter(wants) {
                if !change.sent_to[receiver] {
                    entries.push(change.line.clone());
                    change.sent_to[receiver] = true;
                }
            }
            for (((subject, kind), life), silenced) in self.lives.iter_mut().zip(&silenced) {
                let notified = life.counted(receiver, deliveries);
                let repeat = self.policy.repeat.filter(|_| *kind != "services_in_error");
                let Some(reason) = due_reason(life, &notified, min_severities, repeat, now) else {
                    continue;
                };
                let is_held_back = *silenced || (is_quiet && life.level.severity != Severity::Critical);
                if is_held_back && !life.resolved {
                    continue;
                }
                let stage_name =
                    life.level.stage.map(|stage| format!("{} ", stage_name(stage))).unwrap_or_default();
                entries.push(format!(
                    "{reason} {kind} {stage_name}{} {subject}",
                    severity_name(life.level.severity)
                ));
                let kept: BTreeSet<usize> =
                    counts(&notified, now).iter().map(|notified| notified.message).collect();
                let implies_clock_skew = |before: &NotifiedState| {
                    notified.iter().any(|notified| notified.message == before.message)
                        && !kept.contains(&before.message)
                };
                for before in life.notified[receiver].iter_mut().filter(|before| implies_clock_skew(before)) {
                    before.corrected_by = Some(deliveries.count());
                }
                life.notified[receiver].push(NotifiedState {
                    level: life.level,
                    at: now,
                    fires: !life.resolved,
                    message: deliveries.count(),
                    corrected_by: None,
                });
                life.notified_expiries.extend(life.level.expiry);
            }
            entries.sort();
            if !entries.is_empty() {
                deliveries.decide();
            }
            let second = now.trunc_subsecs(0);
            self.notified[receiver].extend((!entries.is_empty()).then(|| (second, entries.join(" + "))));
        }
        later.extend(changes.into_iter().filter(|change| {
            (0..2).any(|receiver| {
                let wants = change.severity >= self.policy.min_severities[receiver];
                wants && !change.sent_to[receiver] && self.quiet_until(receiver, now).is_some()
            })
        }));
        self.changes = later;
        self.lives.retain(|(_, life)| !life.resolved || life.renewed_until.is_some());
    }

    /// When the next message is due if nothing but time passes.
    pub(in crate::agreement) fn next(&self, now: Moment) -> Option<Moment> {
        let counting = |account: &Account| account.known.as_ref()?.expiries.counting(self.policy.source);
        let expiries = self.accounts.values().filter_map(counting).flat_map(|counting| {
            let expiry = counting.expiry;
            let stages = self.policy.lead_times.iter().copied().chain([86_400, 0]);
            stages.map(move |left| expiry - TimeDelta::seconds(left))
        });
        let reminders = self
            .lives
            .iter()
            .flat_map(|(_, life)| &life.notified)
            .filter_map(|notified| Some(notified.last()?.at + self.policy.repeat?));
        let silences = self.silences.iter().map(|silence| silence.until);
        let due: Vec<Moment> =
            expiries.chain(reminders).chain(silences).filter(|moment| *moment > now).collect();
        let with_now = due.iter().copied().chain([now]);
        let mornings =
            with_now.flat_map(|due| (0..2).filter_map(move |receiver| self.quiet_until(receiver, due)));
        let mut moments: Vec<Moment> = mornings.chain(due.iter().copied()).collect();
        moments.sort();
        moments.into_iter().find(|moment| self.sends_something(*moment, now))
    }

    fn sends_something(&self, at: Moment, now: Moment) -> bool {
        let mut later = Self {
            policy: self.policy.clone(),
            accounts: self.accounts.clone(),
            refusals: self.refusals.clone(),
            plan: self.plan.clone(),
            jobs: self.jobs.judged_at(now),
            credits: self.credits.judged_at(now),
            out_by: self.out_by.clone(),
            unreachable_since: self.unreachable_since,
            unreachable: self.unreachable,
            lives: self.lives.clone(),
            changes: self.changes.clone(),
            silences: self.silences.clone(),
            deliveries: self.deliveries.clone(),
            notified: [Vec::new(), Vec::new()],
        };
        later.evaluate_alerts(at);
        later.notified.iter().any(|notified| !notified.is_empty())
    }
}
