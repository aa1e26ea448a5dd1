//! `webhook verify`: deliveries that the program signed are valid, and no others.

use secrecy::SecretString;

use crate::setup::{Ended, Setup, webhook};
use crate::simulator::{Delivery, WebhookServer};

const SECRET: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=";
const OTHER: &str = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Q=";

/// A setup with a signing receiver, and a delivery that it received.
async fn delivered() -> (Setup, Delivery) {
    let mut setup = Setup::open().await;
    let secret = SecretString::from(SECRET);
    let hook = WebhookServer::open(&setup.now, Some(&secret)).await.unwrap();
    setup.secret("signing", &format!("{SECRET}\n"));
    setup.secret("rotation", &format!("{OTHER}\n{SECRET}\n"));
    setup.secret("wrong", OTHER);
    setup.secret("broken", "s3cret-without-a-form");
    setup.set("SIGNING", SECRET);
    let plain = "[[receivers]]\nname = \"plain\"\ntype = \"webhook\"\nurl = \"https://hooks.example.com\"\n";
    setup.configure(&["a"], &format!("{}secret_file = \"signing\"\n{plain}", webhook(&hook)));
    let test = setup.run(&["notify", "test", "pager"]);
    assert_eq!(test.status, Some(0), "{test:?}");
    let delivery = hook.deliveries().remove(0);
    (setup, delivery)
}

fn verify(setup: &Setup, delivery: &Delivery, body: &[u8], more: &[&str]) -> Ended {
    let header = |name| delivery.header(name).unwrap();
    let (id, timestamp, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let mut command = setup.command(&["webhook", "verify"]);
    for (option, value) in [("--id", id), ("--timestamp", timestamp), ("--signature", signature)] {
        if !more.contains(&option) {
            command.args([option, value]);
        }
    }
    let ended = Ended::of(&command.args(more).write_stdin(body).output().unwrap());
    for secret in [SECRET, OTHER, "s3cret"] {
        let bare = secret.trim_start_matches("whsec_");
        assert!(!ended.out.contains(bare) && !ended.err.contains(bare), "{ended:?}");
    }
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_is_valid_and_with_one_byte_changed_it_is_not() {
    let (setup, delivery) = delivered().await;
    for secret in [
        &["--receiver", "pager"][..],
        &["--secret-file", "signing"],
        &["--secret-file", "rotation"],
        &["--secret-env", "SIGNING"],
    ] {
        let valid = verify(&setup, &delivery, &delivery.body, secret);
        assert_eq!((valid.status, valid.err.as_str()), (Some(0), ""), "{secret:?}: {valid:?}");
        let id = delivery.header("webhook-id").unwrap();
        assert!(valid.out.starts_with(&format!("valid: {id}, signed 20")), "{}", valid.out);
        let mut flipped = delivery.body.to_vec();
        flipped[7] ^= 1;
        let invalid = verify(&setup, &delivery, &flipped, secret);
        assert_eq!((invalid.status, invalid.err.as_str()), (Some(3), ""), "{secret:?}");
        assert!(invalid.out.starts_with("not valid: no signature matches: "), "{}", invalid.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_to_reject_a_delivery_is_reported() {
    let (setup, delivery) = delivered().await;
    let broken = [&delivery.body[..], b"\n"].concat();
    for (body, more, words) in [
        (&delivery.body[..], &["--secret-file", "wrong"][..], "no signature matches: another secret"),
        (&broken, &["--receiver", "pager"], "without its last line break"),
        (&delivery.body, &["--receiver", "pager", "--signature", "v1"], "no signature of the form"),
        (&delivery.body, &["--receiver", "pager", "--timestamp", "-soon"], "must be the seconds since 1970"),
        (&delivery.body, &["--receiver", "pager", "--timestamp", "1700000000"], "no signature matches"),
        (&delivery.body, &["--receiver", "pager", "--id", "msg_other"], "no signature matches"),
        (b"", &["--receiver", "pager"], "no signature matches"),
    ] {
        let invalid = verify(&setup, &delivery, body, more);
        assert_eq!((invalid.status, invalid.err.as_str()), (Some(3), ""), "{more:?}: {invalid:?}");
        assert!(invalid.out.contains(words), "{more:?}: {}", invalid.out);
    }
    let body = b"{}";
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = signer.sign("msg_old", 1_700_000_000, body).unwrap();
    let old =
        ["--receiver", "pager", "--id", "msg_old", "--timestamp", "1700000000", "--signature", &signature];
    let invalid = verify(&setup, &delivery, body, &old);
    assert!(invalid.out.contains("but it was signed 2023-11-14 22:13 UTC"), "{invalid:?}");
    assert_eq!(invalid.status, Some(3));
    for tolerance in ["0", "0s", "36000d"] {
        let valid = verify(&setup, &delivery, body, &[&old[..], &["--tolerance", tolerance]].concat());
        assert_eq!(valid.status, Some(0), "{tolerance}: {valid:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_secret_is_reported_and_never_shown() {
    let (setup, delivery) = delivered().await;
    for (more, words) in [
        (&["--secret-file", "absent"][..], "absent cannot be read: No such file"),
        (&["--secret-file", "broken"], "is not whsec_<base64>"),
        (&["--secret-file", SECRET], "must be the path of a file"),
        (&["--secret-env", "ABSENT"], "the environment variable ABSENT is not set"),
        (&["--secret-env", SECRET], "must be the name of an environment variable"),
        (
            &["--receiver", "plain"],
            "receiver \"plain\" has no signing secret; webhook receivers with one: pager",
        ),
        (
            &["--receiver", "pagre"],
            "unknown receiver \"pagre\"; webhook receivers with a signing secret: pager",
        ),
        (&["--receiver", "pager", "--secret-env", "SIGNING"], "cannot be used with"),
        (&["--receiver", "pager", "--tolerance", "soon"], "`soon` is not a length of time"),
        (&[], "required arguments were not provided"),
    ] {
        let failed = verify(&setup, &delivery, &delivery.body, more);
        assert_eq!((failed.status, failed.out.as_str()), (Some(3), ""), "{more:?}: {failed:?}");
        assert!(failed.err.contains(words), "{more:?}: {}", failed.err);
    }
    std::fs::remove_file(setup.path("minimax-watch.toml")).unwrap();
    let failed = verify(&setup, &delivery, &delivery.body, &["--receiver", "pager"]);
    assert_eq!(failed.status, Some(3), "{failed:?}");
    assert!(
        failed.err.contains("no receiver is known: name the file with --config, or give"),
        "{}",
        failed.err
    );
}
