//! The receiver of the scene whose type changes from one scenario to the next: a chat, a pager or a program.
//!
//! Chats and pagers get no id of a message, so what they received is compared with the bytes that the store keeps.

use std::path::Path;

use minimax_watch::domain::message;

use crate::received::message;
use crate::simulator::{
    ChatServer, ChatService, ProgramMode, RecordingProgram, Reply, StoredMessage, VirtualNow, arrivals,
};
use crate::verify::Message;

/// The services that take turns with the program.
const SERVICES: [ChatService; 3] = [ChatService::Telegram, ChatService::Discord, ChatService::PagerDuty];

/// How the desk fails.
#[derive(Clone, Debug)]
pub(crate) enum DeskFault {
    /// A program fails instead.
    Replies(Reply),
    /// It takes the message and does not answer.
    Hangs,
    /// A program fails instead.
    IsDown,
}

pub(crate) enum Desk {
    Service(ChatServer),
    Program(RecordingProgram),
}

impl Desk {
    /// The type follows from `turn`.
    pub(crate) async fn open(now: &VirtualNow, turn: u64) -> Self {
        let services = SERVICES.len() as u64;
        match usize::try_from(turn % (services + 1)).ok().and_then(|turn| SERVICES.get(turn)) {
            Some(service) => Self::Service(ChatServer::open(now, *service).await.unwrap()),
            None => Self::Program(RecordingProgram::open().unwrap()),
        }
    }

    /// The value of `type` in the configuration.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Service(server) => server.service().name(),
            Self::Program(_) => "exec",
        }
    }

    /// Its configuration, and its secret files by name and content.
    pub(crate) fn receiver(&self) -> (String, Vec<(String, String)>) {
        match self {
            Self::Service(server) => {
                let (receiver, secrets) = server.receiver("desk");
                (format!("{receiver}timeout = \"1s\"\n"), secrets)
            }
            // Enough for a program that hangs.
            Self::Program(program) => {
                (format!("{}timeout = \"10s\"\n", program.receiver("desk")), Vec::new())
            }
        }
    }

    pub(crate) fn fail(&self, fault: DeskFault) {
        match (self, fault) {
            (Self::Service(server), DeskFault::Replies(reply)) => server.set(Some(reply)),
            (Self::Service(server), DeskFault::Hangs) => server.set(Some(Reply::hang())),
            (Self::Service(server), DeskFault::IsDown) => server.go_down(),
            (Self::Program(program), DeskFault::Hangs) => program.set(ProgramMode::Hangs),
            (Self::Program(program), DeskFault::Replies(_) | DeskFault::IsDown) => {
                program.set(ProgramMode::Fails);
            }
        }
    }

    /// It accepts everything.
    pub(crate) fn accept_all(&self) {
        match self {
            Self::Service(server) => {
                server.set(None);
                let _ = server.come_back();
            }
            Self::Program(program) => program.set(ProgramMode::Takes),
        }
    }

    /// How many requests it received, or runs it recorded.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Service(server) => server.count(),
            Self::Program(program) => program.count(),
        }
    }

    pub(crate) async fn wait_for(&self, count: usize) {
        match self {
            Self::Service(server) => server.wait_for(count).await,
            Self::Program(program) => program.wait_for(count).await,
        }
    }

    pub(crate) fn forget(&self) {
        match self {
            Self::Service(server) => server.forget(),
            Self::Program(program) => program.forget(),
        }
    }

    /// Waits for what a killed service left behind.
    pub(crate) async fn settle(&self) {
        if let Self::Program(program) = self {
            program.settle().await;
        }
    }

    /// The messages that it received, in the order of arrival.
    pub(crate) async fn received(&self, store: &Path) -> Vec<Message> {
        match self {
            Self::Service(server) => {
                let stored = crate::stored_state::messages(store, "desk").await;
                from_service(server, &stored)
            }
            Self::Program(program) => {
                let runs = program.runs();
                runs.into_iter().map(|run| message(run.id, run.body.clone(), &parsed(&run.body))).collect()
            }
        }
    }
}

fn parsed(content: &[u8]) -> message::Message {
    serde_json::from_slice(content).unwrap()
}

/// A message of which some requests never came is left out, so that it counts as lost.
fn from_service(server: &ChatServer, stored: &[StoredMessage]) -> Vec<Message> {
    let posts = server.posts();
    let refused = posts.iter().filter(|post| !post.is_accepted()).map(|post| post.body.to_string());
    let unknown = |what: String| Message {
        id: format!("none: {what}"),
        bytes: Vec::new(),
        alerts: Vec::new(),
        changes: Vec::new(),
    };
    let mut received: Vec<Message> = refused.map(|body| unknown(format!("refused {body}"))).collect();
    for arrival in arrivals(server.service(), &posts, stored).iter().filter(|arrival| arrival.is_complete) {
        received.push(match arrival.message.and_then(|place| stored.get(place)) {
            Some(stored) => {
                let content = serde_json::from_value(stored.content.clone()).unwrap();
                message(stored.id.clone(), stored.body.clone(), &content)
            }
            None => unknown("a text that was not due".to_owned()),
        });
    }
    received
}
