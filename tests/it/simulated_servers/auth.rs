//! The login at the simulated mail server.

use crate::simulator::smtp::auth::decode;

#[test]
fn response_is_decoded_from_base64() {
    for (text, bytes) in
        [("", Some("")), ("=", Some("")), ("AHVzZXIAcGFzcw==", Some("\0user\0pass")), ("Zg", None)]
    {
        assert_eq!(decode(text), bytes.map(|bytes| bytes.as_bytes().to_vec()), "{text}");
    }
}
