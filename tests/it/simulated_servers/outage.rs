//! Servers that go down and come back, or end.

use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};

use super::{client, clock};
use crate::simulator::{Answer, FakeUseApi, Record, SmtpServer, SmtpSetup, WebhookServer};

#[tokio::test]
async fn server_that_is_down_refuses_connections_and_comes_back_on_its_port() {
    let api = FakeUseApi::open(&clock()).await.unwrap();
    let main = api.subscribe(SecretString::from("t"));
    main.put(Record::new("1"));
    let url = format!("{}v1/minimax/accounts/1", api.base_url());
    // One client only: its kept-alive connection must not survive the outage.
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
async fn outage_ends_requests_that_hang() {
    let api = FakeUseApi::open(&clock()).await.unwrap();
    let main = api.subscribe(SecretString::from("t"));
    main.set_answer("1", Answer::hang());
    let read = client().get(format!("{}v1/minimax/accounts/1", api.base_url())).bearer_auth("t").send();
    let outage = async {
        api.wait_for_requests(1).await;
        api.go_down();
    };
    let (read, ()) = tokio::join!(read, outage);
    assert!(!read.unwrap_err().is_timeout());
}

#[tokio::test]
async fn port_of_a_server_that_is_down_stays_reserved() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
    client().post(hook.url()).send().await.unwrap();
    hook.go_down();
    let taken = TcpSocket::new_v4().unwrap().bind(hook.address()).unwrap_err();
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
    hook.come_back().unwrap();
    assert_eq!(client().post(hook.url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn server_ends_with_its_last_handle() {
    let api = FakeUseApi::open(&clock()).await.unwrap();
    let address = api.address();
    let clone = api.clone();
    drop(api);
    assert!(TcpStream::connect(address).await.is_ok(), "a clone keeps it alive");
    drop(clone);
    assert!(TcpStream::connect(address).await.is_err());

    let mailbox = SmtpServer::open(&clock(), SmtpSetup::default()).await.unwrap();
    let mut open = TcpStream::connect(mailbox.address()).await.unwrap();
    let mut greeting = [0; 3];
    open.read_exact(&mut greeting).await.unwrap();
    let address = mailbox.address();
    drop(mailbox);
    assert!(TcpStream::connect(address).await.is_err());
    let mut rest = Vec::new();
    // Closed either way; the kernel decides whether by an end or a reset.
    let _ = open.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn handle_works_from_a_thread_without_a_runtime() {
    let hook = WebhookServer::open(&clock(), None).await.unwrap();
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
