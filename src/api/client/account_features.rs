//! The request for an account's credits.

use super::Client;
use crate::api::classify::ResponseReader;
use crate::api::features::{FeaturesAnswer, PATH, query};
use crate::api::redact::Redactor;
use crate::api::token::ApiToken;
use crate::domain::account::AccountId;
use crate::domain::clock::Clock;

impl Client {
    /// Reads the credits of one account. The vendor asks MiniMax for them with the account's session: send it rarely, and never two
    /// at a time. An empty id would be answered about any account, and is not sent.
    pub async fn features(&self, token: &ApiToken, id: &AccountId, clock: &Clock) -> FeaturesAnswer {
        if id.as_str().is_empty() {
            return FeaturesAnswer::NotUnderstood("an empty id cannot be asked about".to_owned());
        }
        let mut url = self.list_url.clone();
        url.set_path(PATH);
        url.set_query(Some(&query(id)));
        let response = self.send(&url, token).await;
        let reader = ResponseReader { redactor: Redactor::new(token.expose_secret()), now: clock.now() };
        match response {
            Ok(mut response) => reader.features(&self.read(&mut response).await),
            Err(failure) => FeaturesAnswer::Failed(reader.failure(&failure)),
        }
    }
}
