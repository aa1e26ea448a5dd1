//! Sending, against scripted listeners on loopback: each a thread that plays one short dialogue.

mod anything;
mod email;
mod listener;
mod odd_servers;
mod verify;
mod webhook;
