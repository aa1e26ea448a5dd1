//! The standard body, requests to scripted receivers, and signatures.

mod send;
mod standard;
mod verify;
