//! Mails seen whole (snapshots), parsed back and attacked; SMTP sessions with scripted servers.

mod odd_servers;
mod parsed;
mod render;
mod send;
