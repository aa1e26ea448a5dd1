//! Every chat and pager, and a program, as receivers of the built program.

use serde_json::Value;

use crate::setup::{Setup, healthy};
use crate::simulator::{ChatServer, ChatService, Post, Record, RecordingProgram};

/// A setup with a server of each service and a recording program, each a receiver under the name of its type.
pub(crate) struct Chats {
    pub(crate) setup: Setup,
    pub(crate) servers: Vec<ChatServer>,
    pub(crate) program: RecordingProgram,
    pub(crate) receivers: String,
}

impl Chats {
    /// Opens them, with the healthy account `a`.
    pub(crate) async fn open() -> Self {
        let setup = Setup::open().await;
        let program = RecordingProgram::open().unwrap();
        let (mut servers, mut receivers) = (Vec::new(), program.receiver("exec"));
        for service in ChatService::ALL {
            let server = ChatServer::open(&setup.now, service).await.unwrap();
            let (receiver, secrets) = server.receiver(service.name());
            for (file, secret) in secrets {
                setup.secret(&file, &secret);
            }
            receivers.push_str(&receiver);
            servers.push(server);
        }
        setup.configure(&["a"], &receivers);
        setup.vendor.put(Record::ending("a", healthy()));
        Self { setup, servers, program, receivers }
    }

    pub(crate) fn server(&self, service: ChatService) -> &ChatServer {
        self.servers.iter().find(|server| server.service() == service).unwrap()
    }

    /// The requests at that service; at PagerDuty without change events, which page nobody.
    pub(crate) fn posts(&self, service: ChatService) -> Vec<Post> {
        let posts = self.server(service).posts();
        posts.into_iter().filter(|post| post.path != "/v2/change/enqueue").collect()
    }

    /// The messages in the list of deliveries, by receiver.
    pub(crate) fn deliveries(&self, receiver: &str) -> Vec<Value> {
        let listed = self.setup.run(&["deliveries", "--json"]);
        let listed: Value = serde_json::from_str(&listed.out).unwrap();
        let all = listed["deliveries"].as_array().unwrap();
        all.iter().filter(|message| message["receiver"] == receiver).cloned().collect()
    }

    pub(crate) fn assert_all_accepted(&self) {
        for server in &self.servers {
            for post in server.posts() {
                assert!(
                    post.is_accepted(),
                    "{:?} answers {}: {}",
                    server.service(),
                    post.own_status,
                    post.body
                );
            }
        }
    }
}
