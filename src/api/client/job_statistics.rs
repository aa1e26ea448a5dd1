//! The request for what became of the jobs.

use super::Client;
use crate::api::classify::ResponseReader;
use crate::api::job_stats::{JobStatsAnswer, PATH, query};
use crate::api::redact::Redactor;
use crate::api::token::ApiToken;
use crate::domain::clock::Clock;
use crate::domain::jobs::WatchedIds;

impl Client {
    /// Reads the newest `limit` jobs (at most 50,000) of all accounts of `token` by one request, which MiniMax does not notice. A
    /// body of more than `max_body` bytes is not understood. `watched` are the accounts to which jobs are assigned.
    pub async fn job_stats(
        &self,
        token: &ApiToken,
        watched: &WatchedIds<'_>,
        (limit, max_body): (u32, usize),
        clock: &Clock,
    ) -> JobStatsAnswer {
        let mut url = self.list_url.clone();
        url.set_path(PATH);
        url.set_query(Some(&query(limit)));
        let response = self.send(&url, token).await;
        let reader = ResponseReader { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        match response {
            Ok(mut response) => reader.job_stats(&self.read_capped(&mut response, max_body).await, watched),
            Err(failure) => JobStatsAnswer::Failed(reader.failure(&failure)),
        }
    }
}
