//! Which source file imports from which: read from the tokens of the source, without a compiler.
//!
//! An import leads to the file that *defines* the name. A `mod.rs` that re-exports its children is only a signpost:
//! `parent::Item` leads to the child that defines `Item`, and the re-export itself imports nothing unless the parent
//! uses the name. `mod child;` is no import. A module that is named as a mere prefix (`use crate::store;`) counts
//! where something in it is used (`store::open(…)`). Methods are not seen: a call does not name a file.

use std::collections::{BTreeMap, BTreeSet};

/// One source file.
pub(crate) struct File {
    /// Within `src`.
    pub(crate) path: String,
    module: Vec<String>,
    tokens: Vec<String>,
    uses: Vec<Use>,
    items: BTreeSet<String>,
}

struct Use {
    path: Vec<String>,
    local_name: String,
    is_public: bool,
}

/// The name by which the binary calls the library.
const CRATE_NAME: &str = "minimax_watch";

const ITEM_KEYWORDS: [&str; 8] = ["fn", "struct", "enum", "const", "static", "type", "trait", "union"];

impl File {
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let tokens = without_tests(&tokens(text));
        let (uses, tokens) = split_uses(&tokens);
        Self { path: path.to_owned(), module: module_of(path), items: items(&tokens), uses, tokens }
    }

    /// The folder or file in `src` that the file belongs to.
    pub(crate) fn room(&self) -> &str {
        self.path.split('/').next().map_or("", |room| room.trim_end_matches(".rs"))
    }

    /// Every path in the file: those of `use` declarations, groups resolved, and those in code.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        self.uses.iter().map(|import| import.path.clone()).chain(paths(&self.tokens)).collect()
    }
}

/// For each file the files that it imports from, each with the first name that does it.
pub(crate) fn imports(files: &[File]) -> Vec<BTreeMap<usize, String>> {
    let tree = Tree::new(files);
    files.iter().enumerate().map(|(at, _)| tree.imports_of(at)).collect()
}

struct Tree<'a> {
    files: &'a [File],
    by_module: BTreeMap<Vec<String>, usize>,
}

enum Target {
    /// The file that defines the name.
    Item(usize),
    Module(usize),
    /// Another crate, or a name that this file defines.
    Elsewhere,
}

impl<'a> Tree<'a> {
    fn new(files: &'a [File]) -> Self {
        let by_module = files.iter().enumerate().map(|(at, file)| (file.module.clone(), at)).collect();
        Self { files, by_module }
    }

    fn imports_of(&self, at: usize) -> BTreeMap<usize, String> {
        let file = &self.files[at];
        let mut found = BTreeMap::new();
        let mut note = |path: &[String]| {
            let target = match self.resolve(at, path, 0) {
                Target::Item(target) => target,
                // A glob import of a module.
                Target::Module(target) if path.last().is_some_and(|last| last == "*") => target,
                Target::Module(_) | Target::Elsewhere => return,
            };
            if target != at {
                found.entry(target).or_insert_with(|| path.join("::"));
            }
        };
        for import in &file.uses {
            let is_glob = import.local_name == "*";
            let is_used = !is_glob && file.tokens.contains(&import.local_name);
            if !import.is_public || is_used {
                note(&import.path);
            }
        }
        for path in paths(&file.tokens) {
            note(&path);
        }
        found
    }

    fn child(&self, at: usize, name: &str) -> Option<usize> {
        let mut module = self.files[at].module.clone();
        module.push(name.to_owned());
        self.by_module.get(&module).copied()
    }

    /// Where `path`, as written in the file `at`, leads. `depth` bounds chains of re-exports.
    fn resolve(&self, at: usize, path: &[String], depth: usize) -> Target {
        let Some((first, rest)) = path.split_first() else { return Target::Module(at) };
        if depth > 20 {
            return Target::Elsewhere;
        }
        let file = &self.files[at];
        match first.as_str() {
            "crate" | CRATE_NAME => match self.by_module.get(&Vec::new()) {
                Some(root) => self.resolve_in(*root, rest, depth),
                None => Target::Elsewhere,
            },
            "self" => self.resolve_in(at, rest, depth),
            "super" => match self.by_module.get(&file.module[..file.module.len().saturating_sub(1)]) {
                Some(parent) if rest.first().is_some_and(|next| next == "super") => {
                    self.resolve(*parent, rest, depth + 1)
                }
                Some(parent) => self.resolve_in(*parent, rest, depth),
                None => Target::Elsewhere,
            },
            name if self.child(at, name).is_some() => self.resolve_in(at, path, depth),
            // A module that was imported by name.
            name => match file.uses.iter().find(|import| import.local_name == name && import.path != path) {
                Some(import) => match self.resolve(at, &import.path, depth + 1) {
                    Target::Module(module) => self.resolve_in(module, rest, depth + 1),
                    target => target,
                },
                None => Target::Elsewhere,
            },
        }
    }

    /// Where `path` leads from within the module `at`.
    fn resolve_in(&self, at: usize, path: &[String], depth: usize) -> Target {
        let Some((first, rest)) = path.split_first() else { return Target::Module(at) };
        if first == "*" {
            return Target::Module(at);
        }
        let file = &self.files[at];
        // A function may have the name of a module: only what goes on can be the module.
        if let Some(child) = self.child(at, first).filter(|_| !rest.is_empty() || !file.items.contains(first))
        {
            return self.resolve_in(child, rest, depth);
        }
        if file.items.contains(first) || depth > 20 {
            return Target::Item(at);
        }
        if let Some(import) = file.uses.iter().find(|import| import.local_name == *first) {
            return match self.resolve(at, &import.path, depth + 1) {
                Target::Module(module) => self.resolve_in(module, rest, depth + 1),
                Target::Elsewhere => Target::Item(at),
                target @ Target::Item(_) => target,
            };
        }
        for glob in file.uses.iter().filter(|import| import.local_name == "*") {
            if let Target::Module(module) = self.resolve(at, &glob.path, depth + 1)
                && self.files[module].items.contains(first)
            {
                return Target::Item(module);
            }
        }
        Target::Item(at)
    }
}

/// `api/client.rs` is `[api, client]`, `api/mod.rs` is `[api]`, `lib.rs` is the root.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Identifiers and punctuation; comments, texts, lifetimes and numbers are left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut at = 0;
    let peek = |at: usize| chars.get(at).copied().unwrap_or('\0');
    while at < chars.len() {
        match chars[at] {
            '/' if peek(at + 1) == '/' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if peek(at + 1) == '*' => {
                at += 2;
                while at < chars.len() && !(chars[at] == '*' && peek(at + 1) == '/') {
                    at += 1;
                }
                at += 2;
            }
            '"' => at = behind_text(&chars, at),
            // A character, or a lifetime.
            '\'' if peek(at + 1) == '\\' => {
                at += 3;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            '\'' if peek(at + 2) == '\'' => at += 3,
            '\'' => {
                at += 1;
                while is_word(peek(at)) {
                    at += 1;
                }
            }
            ':' if peek(at + 1) == ':' => {
                tokens.push("::".to_owned());
                at += 2;
            }
            c if is_word(c) => {
                let start = at;
                while is_word(peek(at)) {
                    at += 1;
                }
                let word: String = chars[start..at].iter().collect();
                let is_raw = matches!(word.as_str(), "r" | "br" | "cr") && matches!(peek(at), '"' | '#');
                if is_raw {
                    at = behind_raw_text(&chars, at);
                } else {
                    tokens.push(word);
                }
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(c.to_string());
                }
                at += 1;
            }
        }
    }
    tokens
}

fn behind_text(chars: &[char], quote: usize) -> usize {
    let mut at = quote + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn behind_raw_text(chars: &[char], mut at: usize) -> usize {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    at += hashes + 1;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

/// The tokens without the items that are compiled for tests alone.
fn without_tests(tokens: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_attribute = tokens[at] == "#" && tokens.get(at + 1).is_some_and(|next| next == "[");
        if !is_attribute {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let end = behind_group(tokens, at + 1);
        let attribute = &tokens[at..end];
        if attribute.get(2).is_some_and(|name| name == "cfg") && attribute.iter().any(|word| word == "test") {
            at = behind_item(tokens, end);
        } else {
            kept.extend_from_slice(attribute);
            at = end;
        }
    }
    kept
}

/// Behind the bracket that closes the one at `open`.
fn behind_group(tokens: &[String], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Behind the item that begins at `at`, with further attributes before it.
fn behind_item(tokens: &[String], mut at: usize) -> usize {
    while at < tokens.len() {
        match tokens[at].as_str() {
            ";" => return at + 1,
            "{" => return behind_group(tokens, at),
            "[" | "(" => at = behind_group(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// The `use` declarations, and the tokens without them.
fn split_uses(tokens: &[String]) -> (Vec<Use>, Vec<String>) {
    let mut uses = Vec::new();
    let mut rest: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] != "use" {
            rest.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let is_public = match rest.last().map(String::as_str) {
            Some("pub") => true,
            Some(")") => rest
                .iter()
                .rposition(|token| token == "(")
                .is_some_and(|open| open > 0 && rest[open - 1] == "pub"),
            _ => false,
        };
        let end =
            tokens[at..].iter().position(|token| token == ";").map_or(tokens.len(), |length| at + length);
        for (path, local_name) in use_tree(&tokens[at + 1..end]) {
            uses.push(Use { path, local_name, is_public });
        }
        at = end + 1;
    }
    (uses, rest)
}

/// Every path of `a::{b, c as d, e::*}` with the name that it gets here.
fn use_tree(tokens: &[String]) -> Vec<(Vec<String>, String)> {
    let mut prefix = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => at += 1,
            "{" => {
                let inner = &tokens[at + 1..behind_group(tokens, at) - 1];
                let mut found = Vec::new();
                for member in split_at_commas(inner) {
                    for (path, local_name) in use_tree(member) {
                        let is_self = path.len() == 1 && path[0] == "self" && !prefix.is_empty();
                        let whole: Vec<String> =
                            prefix.iter().cloned().chain(path.into_iter().filter(|_| !is_self)).collect();
                        let last = prefix.last().cloned().unwrap_or_default();
                        found.push((whole, if is_self && local_name == "self" { last } else { local_name }));
                    }
                }
                return found;
            }
            "as" => return vec![(prefix, tokens[at + 1].clone())],
            word => {
                prefix.push(word.to_owned());
                at += 1;
            }
        }
    }
    let local_name = prefix.last().cloned().unwrap_or_default();
    if prefix.is_empty() { Vec::new() } else { vec![(prefix, local_name)] }
}

fn split_at_commas(tokens: &[String]) -> Vec<&[String]> {
    let mut members = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "{" => at = behind_group(tokens, at),
            "," => {
                members.push(&tokens[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    members.push(&tokens[start..]);
    members
}

/// What a file defines outside its blocks: types, functions, constants, macros and inline modules.
fn items(tokens: &[String]) -> BTreeSet<String> {
    let mut items = BTreeSet::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth > 0 => {}
            keyword if ITEM_KEYWORDS.contains(&keyword) => items.extend(tokens.get(at + 1).cloned()),
            "macro_rules" => items.extend(tokens.get(at + 2).cloned()),
            "mod" if tokens.get(at + 2).is_some_and(|next| next == "{") => {
                items.extend(tokens.get(at + 1).cloned());
            }
            _ => {}
        }
    }
    items
}

/// Every `a::b::c` in code.
fn paths(tokens: &[String]) -> Vec<Vec<String>> {
    let is_word = |token: &String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_start = is_word(&tokens[at]) && !(at > 0 && matches!(tokens[at - 1].as_str(), "::" | "."));
        if !is_start {
            at += 1;
            continue;
        }
        let mut path = vec![tokens[at].clone()];
        at += 1;
        while at + 1 < tokens.len() && tokens[at] == "::" && is_word(&tokens[at + 1]) {
            path.push(tokens[at + 1].clone());
            at += 2;
        }
        if path.len() > 1 {
            paths.push(path);
        }
    }
    paths
}
