//! Servers that go away, for a while or for good.

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use super::{client, clock};
use crate::simulator::{Answer, Hook, Mailbox, Record, Setup, UseApi};

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_on_its_port() {
    let api = UseApi::open(&clock()).await.unwrap();
    let main = api.subscribe(SecretString::from("t"));
    main.put(Record::new("1"));
    let url = format!("{}v1/minimax/accounts/1", api.base_url());
    // One client throughout: its kept-alive connection must not outlive the outage.
    let client = client();
    let read = async || client.get(&url).bearer_auth("t").send().await;
    for round in 0..3 {
        assert_eq!(read().await.unwrap().status(), 200, "round {round}");
        let seen = api.request_count();
        api.go_down();
        api.go_down();
        assert!(read().await.is_err(), "round {round}");
        let refused = TcpStream::connect(api.address()).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        assert_eq!(api.request_count(), seen);
        api.come_back().unwrap();
        api.come_back().unwrap();
    }
    assert_eq!(read().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_outage_ends_requests_that_hang() {
    let api = UseApi::open(&clock()).await.unwrap();
    let main = api.subscribe(SecretString::from("t"));
    main.set("1", Answer::hang());
    let read = client().get(format!("{}v1/minimax/accounts/1", api.base_url())).bearer_auth("t").send();
    let outage = async {
        api.wait_for_requests(1).await;
        api.go_down();
    };
    let (read, ()) = tokio::join!(read, outage);
    assert!(!read.unwrap_err().is_timeout());
}

#[tokio::test]
async fn the_port_of_a_server_that_is_down_is_not_free() {
    let hook = Hook::open(&clock(), None).await.unwrap();
    client().post(hook.url()).send().await.unwrap();
    hook.go_down();
    let taken = TcpSocket::new_v4().unwrap().bind(hook.address()).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    hook.come_back().unwrap();
    assert_eq!(client().post(hook.url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_server_ends_with_its_last_handle_or_when_stopped() {
    let api = UseApi::open(&clock()).await.unwrap();
    let address = api.address();
    let clone = api.clone();
    drop(api);
    assert!(TcpStream::connect(address).await.is_ok(), "a clone keeps it alive");
    drop(clone);
    assert!(TcpStream::connect(address).await.is_err());

    let mailbox = Mailbox::open(&clock(), Setup::default()).await.unwrap();
    let mut open = TcpStream::connect(mailbox.address()).await.unwrap();
    let mut greeting = [0; 3];
    open.read_exact(&mut greeting).await.unwrap();
    mailbox.stop().await;
    assert!(TcpStream::connect(mailbox.address()).await.is_err());
    let mut rest = Vec::new();
    // Closed either way; whether as an end or as a reset is the kernel's choice.
    let _ = open.read_to_end(&mut rest).await;
    mailbox.come_back().unwrap();
    assert!(TcpStream::connect(mailbox.address()).await.is_err(), "stopped is for good");
}

#[tokio::test]
async fn a_handle_works_from_a_thread_without_a_runtime() {
    let hook = Hook::open(&clock(), None).await.unwrap();
    let handle = hook.clone();
    tokio::task::spawn_blocking(move || {
        std::thread::spawn(move || {
            handle.go_down();
            handle.come_back()
        })
        .join()
    })
    .await
    .unwrap()
    .unwrap()
    .unwrap();
    assert_eq!(client().post(hook.url()).send().await.unwrap().status(), 200);
}
