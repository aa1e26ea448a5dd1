//! Compares this machine's clock with the `Date` of the API's answers: a wrong clock shifts every expiry alert.
//!
//! Guarantees: a skew is logged when it appears and when it is gone, not with each run.

use crate::api::ApiDate;
use crate::domain::clock_skew::{is_skewed, skew_text};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, Writer};

/// Saves `date` and the skew at `now`.
pub(super) async fn record_date(
    writer: &mut Writer,
    date: ApiDate,
    now: Timestamp,
) -> Result<(), StoreError> {
    let skew = now - date.at(now);
    let was_skewed = writer.clock_skew().await?.is_some_and(is_skewed);
    writer.save_api_date(date.sent_at).await?;
    writer.save_clock_skew(skew).await?;
    match (was_skewed, is_skewed(skew)) {
        (false, true) => tracing::warn!(
            clock_skew_s = skew.num_seconds(),
            "the clock of this machine is {}; expiries are judged by it: set it, for example by NTP",
            skew_text(skew)
        ),
        (true, false) => tracing::info!("the clock of this machine agrees with that of useapi.net again"),
        (true, true) | (false, false) => {}
    }
    Ok(())
}
