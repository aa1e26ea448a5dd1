//! `webhook verify`: whether a delivery is authentic.

use std::io::{self, IsTerminal, Read};

use anyhow::Context;
use secrecy::SecretString;

use crate::cli::{GlobalOptions, VerifyArgs, WebhookCommand};
use crate::clock;
use crate::config::{self, Environment, Origin, Source};
use crate::domain::duration;
use crate::domain::text::{one_line, quoted};
use crate::domain::time::{minute, relative};
use crate::notify::{ReceivedDelivery, verify};
use crate::report::Verification;
use crate::{output, setup};

use super::exit_status::FAILED;
use super::names::{list, unknown};

/// Far more than any message of this program.
const MAX_BODY: u64 = 16 << 20;

pub(super) fn run(global: &GlobalOptions, command: &WebhookCommand) -> anyhow::Result<u8> {
    let WebhookCommand::Verify(options) = command;
    let tolerance = match options.tolerance.as_str() {
        "0" => None,
        typed => {
            Some(duration::parse(typed).context("--tolerance")?).filter(|tolerance| !tolerance.is_zero())
        }
    };
    let secrets = secrets(global, options)?;
    let body = read_body()?;
    let VerifyArgs { id, timestamp, signature, .. } = options;
    let now = clock::now();
    let result =
        verify(&ReceivedDelivery { id, timestamp, signature, body: &body }, &secrets, tolerance, now);
    let verification = Verification {
        id: id.clone(),
        valid: result.is_ok(),
        signed_at: result.as_ref().ok().copied(),
        reason: result.as_ref().err().map(ToString::to_string),
    };
    output::answer(&verification, global.json, |_| match &result {
        Ok(at) => format!("valid: {}, signed {}, {}\n", one_line(id), minute(*at), relative(*at, now)),
        Err(refusal) => format!("not valid: {refusal}\n"),
    })?;
    Ok(if verification.valid { 0 } else { FAILED })
}

fn secrets(global: &GlobalOptions, options: &VerifyArgs) -> anyhow::Result<Vec<SecretString>> {
    let origin = match (&options.secret_file, &options.secret_env) {
        (Some(path), _) => Origin::File(path.clone()),
        (None, Some(name)) => Origin::Environment(name.clone()),
        (None, None) => return receiver_secrets(global, options.receiver.as_deref().unwrap_or_default()),
    };
    let (secrets, warnings) = config::signing_secrets(&origin, &Environment::from_process(), clock::now())?;
    setup::warn(warnings);
    Ok(secrets)
}

fn receiver_secrets(global: &GlobalOptions, name: &str) -> anyhow::Result<Vec<SecretString>> {
    let source = config::find(global.config.as_deref(), &Environment::from_process())?;
    anyhow::ensure!(
        !matches!(source, Source::None),
        "no configuration file was found, so no receiver is known: name the file with --config, or give the secret with \
         --secret-file or --secret-env"
    );
    let receivers = setup::load(global, &[])?.receivers;
    let signing = receivers.iter().filter(|receiver| !receiver.channel.signing().is_empty());
    let names = signing.map(|receiver| receiver.name.as_str());
    match receivers.iter().find(|receiver| receiver.name.as_str() == name) {
        Some(receiver) if receiver.channel.signing().is_empty() => {
            anyhow::bail!(
                "receiver {} has no signing secret; webhook receivers with one: {}",
                quoted(name),
                list(names)
            )
        }
        Some(receiver) => Ok(receiver.channel.signing().to_vec()),
        None => Err(unknown("receiver", name, "webhook receivers with a signing secret", names)),
    }
}

fn read_body() -> anyhow::Result<Vec<u8>> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        output::note("reading the body from the terminal; give a file as <FILE");
    }
    let mut body = Vec::new();
    stdin.lock().take(MAX_BODY + 1).read_to_end(&mut body).context("cannot read the body from stdin")?;
    anyhow::ensure!(body.len() as u64 <= MAX_BODY, "the body on stdin is larger than any message (16 MiB)");
    Ok(body)
}
