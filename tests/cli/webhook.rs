//! `webhook verify`: what the program signed it calls valid, and nothing else.

use minimax_watch::simulator::{Delivery, Hook};
use secrecy::SecretString;

use crate::stage::{Ended, Stage, webhook};

const SECRET: &str = "whsec_c2lnbmluZy1zZWNyZXQtb2YtdGhlLXRlc3Q=";
const OTHER: &str = "whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Q=";

/// A stage whose receiver signs, and a delivery as it came in.
async fn delivered() -> (Stage, Delivery) {
    let mut stage = Stage::open().await;
    let secret = SecretString::from(SECRET);
    let hook = Hook::open(&stage.now, Some(&secret)).await.unwrap();
    stage.secret("signing", &format!("{SECRET}\n"));
    stage.secret("rotation", &format!("{OTHER}\n{SECRET}\n"));
    stage.secret("wrong", OTHER);
    stage.secret("broken", "s3cret-without-a-form");
    stage.set("SIGNING", SECRET);
    let plain = "[[receivers]]\nname = \"plain\"\ntype = \"webhook\"\nurl = \"https://hooks.example.com\"\n";
    stage.configure(&["a"], &format!("{}secret_file = \"signing\"\n{plain}", webhook(&hook)));
    let test = stage.run(&["notify", "test", "pager"]);
    assert_eq!(test.status, Some(0), "{test:?}");
    let delivery = hook.deliveries().remove(0);
    (stage, delivery)
}

fn verify(stage: &Stage, delivery: &Delivery, body: &[u8], more: &[&str]) -> Ended {
    let header = |name| delivery.header(name).unwrap();
    let (id, timestamp, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let mut command = stage.command(&["webhook", "verify"]);
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
async fn a_delivery_is_valid_as_it_came_and_with_one_byte_changed_it_is_not() {
    let (stage, delivery) = delivered().await;
    for secret in [
        &["--receiver", "pager"][..],
        &["--secret-file", "signing"],
        &["--secret-file", "rotation"],
        &["--secret-env", "SIGNING"],
    ] {
        let valid = verify(&stage, &delivery, &delivery.body, secret);
        assert_eq!((valid.status, valid.err.as_str()), (Some(0), ""), "{secret:?}: {valid:?}");
        let id = delivery.header("webhook-id").unwrap();
        assert!(valid.out.starts_with(&format!("valid: {id}, signed 20")), "{}", valid.out);
        let mut flipped = delivery.body.to_vec();
        flipped[7] ^= 1;
        let invalid = verify(&stage, &delivery, &flipped, secret);
        assert_eq!((invalid.status, invalid.err.as_str()), (Some(3), ""), "{secret:?}");
        assert!(invalid.out.starts_with("not valid: no signature fits: "), "{}", invalid.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_not_to_believe_a_delivery_is_told() {
    let (stage, delivery) = delivered().await;
    let broken = [&delivery.body[..], b"\n"].concat();
    for (body, more, words) in [
        (&delivery.body[..], &["--secret-file", "wrong"][..], "no signature fits: another secret"),
        (&broken, &["--receiver", "pager"], "without its last line break"),
        (&delivery.body, &["--receiver", "pager", "--signature", "v1"], "no signature of the form"),
        (&delivery.body, &["--receiver", "pager", "--timestamp", "-soon"], "no number of seconds"),
        (&delivery.body, &["--receiver", "pager", "--timestamp", "1700000000"], "no signature fits"),
        (&delivery.body, &["--receiver", "pager", "--id", "msg_other"], "no signature fits"),
        (b"", &["--receiver", "pager"], "no signature fits"),
    ] {
        let invalid = verify(&stage, &delivery, body, more);
        assert_eq!((invalid.status, invalid.err.as_str()), (Some(3), ""), "{more:?}: {invalid:?}");
        assert!(invalid.out.contains(words), "{more:?}: {}", invalid.out);
    }
    let body = b"{}";
    let signer = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = signer.sign("msg_old", 1_700_000_000, body).unwrap();
    let old =
        ["--receiver", "pager", "--id", "msg_old", "--timestamp", "1700000000", "--signature", &signature];
    let invalid = verify(&stage, &delivery, body, &old);
    assert!(invalid.out.contains("but it was signed 2023-11-14 22:13 UTC"), "{invalid:?}");
    assert_eq!(invalid.status, Some(3));
    for tolerance in ["0", "0s", "36000d"] {
        let valid = verify(&stage, &delivery, body, &[&old[..], &["--tolerance", tolerance]].concat());
        assert_eq!(valid.status, Some(0), "{tolerance}: {valid:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_had_is_told_and_never_shown() {
    let (stage, delivery) = delivered().await;
    for (more, words) in [
        (&["--secret-file", "absent"][..], "absent cannot be read: No such file"),
        (&["--secret-file", "broken"], "is not whsec_<base64>"),
        (&["--secret-file", SECRET], "must be the path of a file"),
        (&["--secret-env", "ABSENT"], "the environment variable ABSENT is not set"),
        (&["--secret-env", SECRET], "must be the name of an environment variable"),
        (&["--receiver", "plain"], "`plain` is no webhook receiver with a signing secret (there are: pager)"),
        (&["--receiver", "pager", "--secret-env", "SIGNING"], "cannot be used with"),
        (&["--receiver", "pager", "--tolerance", "soon"], "`soon` is not a length of time"),
        (&[], "required arguments were not provided"),
    ] {
        let failed = verify(&stage, &delivery, &delivery.body, more);
        assert_eq!((failed.status, failed.out.as_str()), (Some(3), ""), "{more:?}: {failed:?}");
        assert!(failed.err.contains(words), "{more:?}: {}", failed.err);
    }
}
