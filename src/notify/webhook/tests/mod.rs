//! The standard body, requests to scripted receivers, and signatures.

mod formats;
mod send;
mod standard;
mod verify;
