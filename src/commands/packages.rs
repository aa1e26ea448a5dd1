//! `completions` and `man`, for packagers.

use std::path::Path;

use anyhow::Context;

use crate::cli::{CompletionsArgs, GlobalOptions, ManArgs, completion_script, man_pages};
use crate::output;
use crate::report::GeneratedFiles;

pub(super) fn completions(global: &GlobalOptions, options: &CompletionsArgs) -> anyhow::Result<()> {
    print_first(global, &GeneratedFiles { files: vec![completion_script(options.shell)] })
}

pub(super) fn man(global: &GlobalOptions, options: &ManArgs) -> anyhow::Result<()> {
    let files = man_pages().context("cannot generate the man pages")?;
    let Some(folder) = &options.folder else { return print_first(global, &GeneratedFiles { files }) };
    let cannot_write = |path: &Path| format!("cannot write {}", path.display());
    std::fs::create_dir_all(folder).with_context(|| cannot_write(folder))?;
    for page in &files {
        let path = folder.join(&page.name);
        std::fs::write(&path, &page.text).with_context(|| cannot_write(&path))?;
    }
    output::answer(&GeneratedFiles { files }, global.json, |generated| {
        format!("{}: {}\n", folder.display(), output::pluralize(generated.files.len(), "man page"))
    })
}

/// Prints the first file unaltered; with `--json`, all of them.
fn print_first(global: &GlobalOptions, generated: &GeneratedFiles) -> anyhow::Result<()> {
    match generated.files.first() {
        Some(first) if !global.json => output::bytes(first.text.as_bytes()),
        _ => output::json(generated),
    }
}
