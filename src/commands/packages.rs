//! `completions` and `man`, for packagers.

use std::path::Path;

use anyhow::Context;

use crate::cli::{Completions, Man, pages};
use crate::output;

pub(super) fn completions(options: &Completions) -> anyhow::Result<u8> {
    output::bytes(&options.script())?;
    Ok(0)
}

pub(super) fn man(options: &Man) -> anyhow::Result<u8> {
    let pages = pages().context("cannot make the man pages")?;
    let Some(folder) = &options.folder else {
        let main = pages.first().context("there is no man page")?;
        output::bytes(&main.text)?;
        return Ok(0);
    };
    std::fs::create_dir_all(folder).with_context(|| unwritten(folder))?;
    for page in &pages {
        let path = folder.join(&page.file);
        std::fs::write(&path, &page.text).with_context(|| unwritten(&path))?;
    }
    output::print(&format!("{}: {}\n", folder.display(), output::counted(pages.len(), "man page")))?;
    Ok(0)
}

fn unwritten(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
