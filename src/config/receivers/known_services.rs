//! Addresses at known services: which type of receiver each is for, and the form that it must have.
//!
//! Guarantees: an address at any other host is accepted, because proxies and compatible servers have paths of their own. No reason quotes
//! a path or a query, which are secrets.
//!
//! Source: <https://docs.discord.com/developers/resources/webhook>, <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
//! and <https://docs.ntfy.sh/publish/>.

use url::Url;

/// A service whose addresses are recognised by their host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Service {
    Discord,
    Slack,
    Ntfy,
    Telegram,
    PagerDuty,
}

const DISCORD_FORM: &str =
    "https://discord.com/api/webhooks/<id>/<token>, which the channel's settings show under Integrations";
const SLACK_FORM: &str =
    "https://hooks.slack.com/services/T…/B…/…, which the app's settings show under Incoming Webhooks";

impl Service {
    /// The service at the host of `url`.
    fn at(url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        match host.strip_suffix('.').unwrap_or(host) {
            "discord.com"
            | "ptb.discord.com"
            | "canary.discord.com"
            | "discordapp.com"
            | "ptb.discordapp.com"
            | "canary.discordapp.com" => Some(Self::Discord),
            "hooks.slack.com" | "hooks.slack-gov.com" | "slack.com" | "app.slack.com" => Some(Self::Slack),
            "ntfy.sh" => Some(Self::Ntfy),
            "api.telegram.org" => Some(Self::Telegram),
            "events.pagerduty.com" | "events.eu.pagerduty.com" => Some(Self::PagerDuty),
            _ => None,
        }
    }

    /// Refuses an address of another service, and one of this service in a wrong form.
    ///
    /// # Errors
    /// With the rest of a sentence that begins with the address.
    pub(super) fn check(self, url: &Url) -> Result<(), String> {
        match Self::at(url) {
            Some(other) if other != self => Err(other.is_its_own_type()),
            Some(Self::Discord) => discord(url),
            Some(Self::Slack) => slack(url),
            Some(Self::Ntfy) => ntfy(url),
            // Their types have no address but that of the API.
            None | Some(Self::Telegram | Self::PagerDuty) => Ok(()),
        }
    }

    fn is_its_own_type(self) -> String {
        let kind: &str = self.into();
        format!("is one of another service: use type = \"{kind}\"")
    }
}

/// Refuses an address at which no `webhook` is understood, whatever its `format`.
pub(super) fn check_webhook(url: &Url) -> Result<(), String> {
    match Service::at(url) {
        // Plain text can be published to a topic.
        None | Some(Service::Ntfy) => Ok(()),
        Some(service) => Err(service.is_its_own_type()),
    }
}

/// The parts of the path, without the empty one behind a slash at its end.
fn parts(url: &Url) -> Vec<&str> {
    let mut parts: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    parts
}

fn discord(url: &Url) -> Result<(), String> {
    let parts = parts(url);
    let is_version = |part: &str| part.strip_prefix('v').is_some_and(is_number);
    let rest = match parts.as_slice() {
        ["api", version, "webhooks", rest @ ..] if is_version(version) => rest,
        ["api", "webhooks", rest @ ..] => rest,
        _ => return Err(format!("is not the address of a webhook: Discord's is {DISCORD_FORM}")),
    };
    match rest {
        [id, token] if is_number(id) && is_token(token) => {}
        [_, _, other @ ("slack" | "github")] => {
            return Err(format!("ends in /{other}, which takes messages of another form: remove /{other}"));
        }
        _ => return Err(format!("is not complete: Discord's is {DISCORD_FORM}")),
    }
    if url.query_pairs().any(|(name, value)| name == "thread_id" && !is_number(&value)) {
        return Err("has a thread_id that is not the number of a thread".to_owned());
    }
    Ok(())
}

fn slack(url: &Url) -> Result<(), String> {
    match parts(url).as_slice() {
        ["services", team, webhook, token] if [team, webhook, token].iter().all(|part| is_token(part)) => {
            Ok(())
        }
        ["services", ..] => Err(format!("is not complete: Slack's is {SLACK_FORM}")),
        ["workflows" | "triggers", ..] => {
            Err(format!("starts a workflow, which takes no messages: give an incoming webhook, {SLACK_FORM}"))
        }
        _ => Err(format!("is not the address of a webhook: Slack's is {SLACK_FORM}")),
    }
}

fn ntfy(url: &Url) -> Result<(), String> {
    // What ntfy.sh has behind a topic are ways to subscribe, and others to publish.
    if parts(url).len() > 1 {
        return Err(
            "must end in the topic, with nothing behind it, as in https://ntfy.sh/my-topic".to_owned()
        );
    }
    Ok(())
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_digit())
}

fn is_token(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_checked(service: Service, cases: &[(&str, &str)]) {
        for (typed, expected) in cases {
            let found = service.check(&Url::parse(typed).unwrap()).err().unwrap_or_default();
            let is_expected = if expected.is_empty() { found.is_empty() } else { found.contains(expected) };
            assert!(is_expected, "{typed}: {found}");
            assert!(!found.contains("hush") && !found.contains("4711"), "{typed}: {found}");
        }
    }

    #[test]
    fn an_address_of_discord_has_the_form_of_a_webhook() {
        let wrong = "Discord's is https://discord.com/api/webhooks/<id>/<token>";
        assert_checked(
            Service::Discord,
            &[
                ("https://discord.com/api/webhooks/4711/hush_Hush-1", ""),
                ("https://discordapp.com/api/webhooks/4711/hush", ""),
                ("https://ptb.discord.com/api/v10/webhooks/4711/hush?thread_id=12", ""),
                ("https://canary.discord.com/api/webhooks/4711/hush?wait=true", ""),
                ("https://DISCORD.com./api/webhooks/4711/hush/", ""),
                ("https://proxy.example.com/discord/4711", ""),
                ("https://discord.com/api/webhooks/4711/hush/slack", "remove /slack"),
                ("https://discord.com/api/webhooks/4711/hush/github", "remove /github"),
                ("https://discord.com/api/webhooks/4711", wrong),
                ("https://discord.com/api/webhooks/hush/4711", wrong),
                ("https://discord.com/api/webhooks/4711/hush/more", wrong),
                ("https://discord.com/channels/4711/4711", wrong),
                ("https://discord.com/", wrong),
                ("https://discord.com/api/webhooks/4711/hush?thread_id=hush", "thread_id"),
                ("https://hooks.slack.com/services/T4711/B4711/hush", "use type = \"slack\""),
                ("https://ntfy.sh/hush", "use type = \"ntfy\""),
            ],
        );
    }

    #[test]
    fn an_address_of_slack_has_the_form_of_an_incoming_webhook() {
        let wrong = "Slack's is https://hooks.slack.com/services/T…/B…/…";
        assert_checked(
            Service::Slack,
            &[
                ("https://hooks.slack.com/services/T4711/B4711/hush", ""),
                ("https://hooks.slack-gov.com/services/T4711/B4711/hush", ""),
                ("https://mattermost.example.com/hooks/hush", ""),
                ("http://localhost:8065/hooks/hush", ""),
                ("https://hooks.slack.com/workflows/T4711/A4711/4711/hush", "give an incoming webhook"),
                ("https://hooks.slack.com/triggers/T4711/4711/hush", "give an incoming webhook"),
                ("https://hooks.slack.com/services/T4711/B4711", wrong),
                ("https://hooks.slack.com/services/T4711/B4711/hush/4711", wrong),
                ("https://hooks.slack.com/hush", wrong),
                ("https://app.slack.com/client/T4711/C4711", wrong),
                ("https://slack.com/api/chat.postMessage", wrong),
                ("https://discord.com/api/webhooks/4711/hush/slack", "use type = \"discord\""),
                ("https://api.telegram.org/bot4711:hush/sendMessage", "use type = \"telegram\""),
            ],
        );
    }

    #[test]
    fn an_address_at_ntfy_sh_has_nothing_behind_the_topic_and_other_servers_have_paths_before_it() {
        assert_checked(
            Service::Ntfy,
            &[
                ("https://ntfy.sh/hush", ""),
                ("https://push.example.com/ntfy/hush", ""),
                ("https://ntfy.sh/hush/json", "with nothing behind it"),
                ("https://discord.com/api/webhooks/4711/hush", "use type = \"discord\""),
            ],
        );
    }

    #[test]
    fn an_address_that_understands_no_webhook_of_any_format_is_refused_with_its_type() {
        for (typed, expected) in [
            ("https://hooks.example.com/services/T4711/B4711/hush", ""),
            ("https://ntfy.sh/hush", ""),
            ("https://discord.com/api/webhooks/4711/hush", "discord"),
            ("https://hooks.slack.com/services/T4711/B4711/hush", "slack"),
            ("https://api.telegram.org/bot4711:hush/sendMessage", "telegram"),
            ("https://events.eu.pagerduty.com/v2/enqueue", "pagerduty"),
        ] {
            let found = check_webhook(&Url::parse(typed).unwrap()).err().unwrap_or_default();
            assert_eq!(found.is_empty(), expected.is_empty(), "{typed}: {found}");
            assert!(found.contains(expected), "{typed}: {found}");
        }
    }
}
