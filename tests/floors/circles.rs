//! No circles: files import from each other in one direction only, so that each can be read after those that it uses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::imports::{File, imports};

/// The shortest circle of each group of files that import from each other, one line for each import.
fn circles(files: &[File]) -> Vec<String> {
    let edges = imports(files);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in 0..files.len() {
        if seen.contains(&start) {
            continue;
        }
        let Some(circle) = shortest_circle(&edges, start) else { continue };
        // One line of report for each group: what is fixed changes the rest.
        seen.extend(
            reachable(&edges, start).into_iter().filter(|file| reachable(&edges, *file).contains(&start)),
        );
        let line = |(from, to): (&usize, &usize)| {
            format!("  {} uses {} (`{}`)", files[*from].path, files[*to].path, edges[*from][to])
        };
        let next = circle.iter().cycle().skip(1);
        let lines: Vec<String> = circle.iter().zip(next).map(line).collect();
        found.push(format!("a circle:\n{}", lines.join("\n")));
    }
    found
}

fn reachable(edges: &[BTreeMap<usize, String>], start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut queue = vec![start];
    while let Some(file) = queue.pop() {
        queue.extend(edges[file].keys().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// The fewest imports that lead from `start` back to it.
fn shortest_circle(edges: &[BTreeMap<usize, String>], start: usize) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in edges[file].keys() {
            if *next == start {
                let mut circle = vec![file];
                while *circle.last()? != start {
                    circle.push(came_from[circle.last()?]);
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_from.contains_key(next) {
                came_from.insert(*next, file);
                queue.push_back(*next);
            }
        }
    }
    None
}

#[test]
fn no_files_import_from_each_other() {
    let files = crate::production_files();
    assert!(imports(&files).iter().map(BTreeMap::len).sum::<usize>() > 500, "imports are not recognised");
    let found = circles(&files);
    assert!(found.is_empty(), "{} circles\n{}", found.len(), found.join("\n"));
}

fn parsed(files: &[(&str, &str)]) -> Vec<String> {
    circles(&files.iter().map(|(path, text)| File::parse(path, text)).collect::<Vec<_>>())
}

#[test]
fn mutual_imports_are_a_circle_whatever_their_form() {
    let b = ("b.rs", "use crate::a::Thing;\npub fn b(_: Thing) {}");
    for text in [
        "use crate::b::b;\npub struct Thing;",
        "use crate::{b::{self, b as other}, c};\npub struct Thing;",
        "pub struct Thing;\nfn f() { super::b::b(Thing) }",
        "use crate::b;\npub struct Thing;\nfn f() { b::b(Thing) }",
        "use super::b::*;\npub struct Thing;",
    ] {
        let found = parsed(&[("a.rs", text), b, ("lib.rs", "pub mod a;\npub mod b;")]);
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].contains("a.rs uses b.rs") && found[0].contains("b.rs uses a.rs"), "{}", found[0]);
    }
}

#[test]
fn a_circle_of_three_files_is_found_once() {
    let found = parsed(&[
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "use crate::c::C;\npub struct B(C);"),
        ("c.rs", "use crate::a::A;\npub struct C(Box<A>);"),
        ("lib.rs", "mod a;\nmod b;\nmod c;"),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].lines().count(), 4, "{}", found[0]);
}

#[test]
fn a_parent_that_uses_its_child_and_defines_what_the_child_uses_is_a_circle() {
    let child = ("room/child.rs", "use super::Thing;\npub fn work(_: Thing) {}");
    let parent = ("room/mod.rs", "mod child;\npub struct Thing;\nfn f() { child::work(Thing) }");
    assert_eq!(parsed(&[parent, child]).len(), 1);
    let used_export =
        ("room/mod.rs", "mod child;\npub use child::work;\npub struct Thing;\nfn f() { work(Thing) }");
    assert_eq!(parsed(&[used_export, child]).len(), 1);
}

#[test]
fn signposts_tests_and_texts_are_no_imports() {
    // The parent declares and re-exports; siblings reach each other through it.
    let parent = ("room/mod.rs", "mod one;\nmod two;\npub use one::One;\npub(crate) use two::Two;");
    let one = ("room/one.rs", "pub struct One;\n#[cfg(test)]\nmod tests { use super::super::Two; }");
    let two = (
        "room/two.rs",
        "use super::One;\npub struct Two(One);\n// crate::room::One\nconst T: &str = \"super::x\";",
    );
    assert_eq!(parsed(&[parent, one, two]), Vec::<String>::new());
    // A child that uses its parent, which only declares it.
    let parent = ("room/mod.rs", "mod child;\npub struct Thing;");
    assert_eq!(
        parsed(&[parent, ("room/child.rs", "use super::Thing;\nimpl Thing { fn a() {} }")]),
        Vec::<String>::new()
    );
}
