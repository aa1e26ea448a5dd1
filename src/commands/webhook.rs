//! `webhook verify`: whether a delivery is what was sent.

use std::io::{self, IsTerminal, Read};

use anyhow::Context;
use secrecy::SecretString;

use crate::cli::{Global, Verify, Webhook};
use crate::clock;
use crate::config::{self, Channel, Environment, Origin};
use crate::domain::span;
use crate::domain::text::one_line;
use crate::domain::time::{minute, relative};
use crate::notify::{Received, verify};

use super::FAILED;
use crate::{output, setup};

/// No message of this program comes near it.
const LARGEST: u64 = 16 << 20;

pub(super) fn run(global: &Global, command: &Webhook) -> anyhow::Result<u8> {
    let Webhook::Verify(options) = command;
    let tolerance = if options.tolerance == "0" { None } else { Some(span::parse(&options.tolerance)?) };
    let tolerance = tolerance.filter(|tolerance| !tolerance.is_zero());
    let secrets = secrets(global, options)?;
    let body = body()?;
    let Verify { id, timestamp, signature, .. } = options;
    let received = Received { id, timestamp, signature, body: &body };
    let now = clock::now();
    let (text, status) = match verify(&received, &secrets, tolerance, now) {
        Ok(at) => (format!("valid: {}, signed {}, {}\n", one_line(id), minute(at), relative(at, now)), 0),
        Err(refusal) => (format!("not valid: {refusal}\n"), FAILED),
    };
    output::print(&text)?;
    Ok(status)
}

fn secrets(global: &Global, options: &Verify) -> anyhow::Result<Vec<SecretString>> {
    let origin = match (&options.secret_file, &options.secret_env) {
        (Some(path), _) => Origin::File(path.clone()),
        (None, Some(name)) => Origin::Environment(name.clone()),
        (None, None) => return of_receiver(global, options.receiver.as_deref().unwrap_or_default()),
    };
    let (secrets, warnings) = config::signing(&origin, &Environment::of_process(), clock::now())?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(secrets)
}

fn of_receiver(global: &Global, name: &str) -> anyhow::Result<Vec<SecretString>> {
    let config = setup::load(global, &[])?;
    let signed: Vec<(&str, &[SecretString])> = config
        .receivers
        .iter()
        .filter_map(|receiver| match &receiver.channel {
            Channel::Webhook(webhook) => Some((receiver.name.as_str(), webhook.signing.as_slice())),
            Channel::Email(_) => None,
        })
        .filter(|(_, signing)| !signing.is_empty())
        .collect();
    let found = signed.iter().find(|(known, _)| *known == name);
    let secrets = found.map(|(_, signing)| signing.to_vec());
    secrets.with_context(|| {
        let known: Vec<&str> = signed.iter().map(|(known, _)| *known).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        format!("`{name}` is no webhook receiver with a signing secret (there are: {known})")
    })
}

fn body() -> anyhow::Result<Vec<u8>> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        output::note("reading the body from the terminal; a file is given as <FILE");
    }
    let mut body = Vec::new();
    stdin.lock().take(LARGEST + 1).read_to_end(&mut body).context("cannot read the body from stdin")?;
    anyhow::ensure!(body.len() as u64 <= LARGEST, "the body on stdin is larger than any message: 16 MiB");
    Ok(body)
}
