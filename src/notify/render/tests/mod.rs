//! What goes out, seen whole (snapshots), taken apart again (parse-back), and attacked.

mod mail;
mod parsed;
mod samples;
mod standard;
