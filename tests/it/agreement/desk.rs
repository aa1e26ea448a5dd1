//! The second receiver of a course, whose type is drawn with it.
//!
//! Chats and pagers get no id of a message, so what they received is compared with the bytes that the store keeps.

use proptest::prelude::*;
use serde_json::Value;

use super::course::Trouble;
use crate::simulator::{
    ChatServer, ChatService, ProgramMode, RecordingProgram, Reply, StatusCode, StoredMessage, VirtualNow,
    arrivals,
};
use crate::world::{DESK, World, start};

#[derive(Clone, Copy, Debug)]
pub(super) enum DeskType {
    Webhook,
    Service(ChatService),
    Program,
}

/// A program is rare: to start one takes longer than a request.
pub(super) fn desk_type() -> impl Strategy<Value = DeskType> {
    prop_oneof![
        6 => Just(DeskType::Webhook),
        12 => prop::sample::select(ChatService::ALL.to_vec()).prop_map(DeskType::Service),
        1 => Just(DeskType::Program),
    ]
}

/// An attempt to deliver a message: its id, its content as JSON, and the bytes that must be the same in each attempt.
pub(super) type Attempted = (String, Value, Vec<u8>);

pub(super) enum Desk {
    /// The desk of the world.
    Webhook,
    Service(ChatServer),
    Program(RecordingProgram),
}

impl Desk {
    /// Opens it, and writes its secret files into the folder of the world.
    pub(super) async fn open(desk: DeskType, world: &World) -> (Self, String) {
        match desk {
            DeskType::Webhook => (Self::Webhook, DESK.to_owned()),
            DeskType::Service(service) => {
                let server = ChatServer::open(&VirtualNow::new(start()), service).await.unwrap();
                let (receiver, secrets) = server.receiver("desk");
                for (file, secret) in secrets {
                    std::fs::write(world.folder().join(file), secret).unwrap();
                }
                (Self::Service(server), receiver)
            }
            DeskType::Program => {
                let program = RecordingProgram::open().unwrap();
                let receiver = program.receiver("desk");
                (Self::Program(program), receiver)
            }
        }
    }

    /// How many requests it received, or runs it recorded.
    pub(super) fn count(&self, world: &World) -> usize {
        match self {
            Self::Webhook => world.desk.count(),
            Self::Service(server) => server.count(),
            Self::Program(program) => program.count(),
        }
    }

    /// The attempts so far. `stored` are its messages, in the order of the outbox.
    pub(super) fn attempts(&self, world: &World, stored: &[StoredMessage]) -> Vec<Attempted> {
        match self {
            Self::Webhook => super::pair::webhook_attempts(&world.desk),
            Self::Service(server) => {
                let posts = server.posts();
                for post in &posts {
                    assert!(post.is_accepted(), "{:?} refuses {}", server.service(), post.body);
                }
                let attempt = |message: Option<usize>| {
                    let stored = &stored[message.expect("it received a message that was due, in order")];
                    (stored.id.clone(), stored.content.clone(), stored.body.clone())
                };
                arrivals(server.service(), &posts, stored)
                    .iter()
                    .map(|arrival| attempt(arrival.message))
                    .collect()
            }
            Self::Program(program) => {
                let runs = program.runs().into_iter();
                runs.map(|run| (run.id, serde_json::from_slice(&run.body).unwrap(), run.body)).collect()
            }
        }
    }

    /// Begins to fail, or accepts everything; an unreachable server is down already.
    pub(super) fn apply(&self, world: &World, trouble: Option<Trouble>) {
        let reply = match trouble {
            Some(Trouble::Status(status)) => Some(Reply::status(StatusCode::from_u16(status).unwrap())),
            Some(Trouble::Closed) => Some(Reply::close()),
            None | Some(Trouble::Unreachable) => None,
        };
        match self {
            Self::Webhook => world.desk.set(reply),
            Self::Service(server) => server.set(reply),
            Self::Program(program) => {
                program.set(if trouble.is_some() { ProgramMode::Fails } else { ProgramMode::Takes });
            }
        }
    }

    pub(super) fn go_down(&self, world: &World) {
        match self {
            Self::Webhook => world.desk.go_down(),
            Self::Service(server) => server.go_down(),
            Self::Program(_) => {}
        }
    }

    pub(super) fn come_back(&self, world: &World) {
        match self {
            Self::Webhook => world.desk.come_back().unwrap(),
            Self::Service(server) => server.come_back().unwrap(),
            Self::Program(_) => {}
        }
    }
}

/// Adds the messages to the desk that `known` lacks. Those that the store has purged since stay.
pub(super) async fn read_messages(world: &World, known: &mut Vec<StoredMessage>) {
    let database = world.database().await;
    let messages = "SELECT id, body, content FROM messages WHERE receiver = 'desk' ORDER BY seq";
    let messages: Vec<(String, Option<Vec<u8>>, String)> =
        sqlx::query_as(messages).fetch_all(&database).await.unwrap();
    database.close().await;
    for (id, body, content) in messages {
        if known.iter().all(|known| known.id != id) {
            let content = serde_json::from_str::<Value>(&content).unwrap()["message"].clone();
            known.push(StoredMessage { id, body: body.unwrap_or_default(), content });
        }
    }
}
