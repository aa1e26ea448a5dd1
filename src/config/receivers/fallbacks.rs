//! Fallbacks of receivers: each must be another receiver, and no chain of them may lead back to its start.

use std::collections::HashMap;

use super::super::place::Field;
use super::super::suggest::unknown;

/// Unknown fallbacks beyond this number are reported without suggestions: each suggestion compares all names.
const MAX_SUGGESTIONS: usize = 20;

/// The fallback of one receiver, as typed.
pub(super) struct Fallback<'f> {
    pub(super) receiver: Option<String>,
    pub(super) to: Option<Field<'f, String>>,
}

/// Records every fallback that is unknown, is its own receiver, or is part of a circle.
pub(super) fn check(fallbacks: &[Fallback<'_>]) {
    let names = || fallbacks.iter().filter_map(|fallback| fallback.receiver.as_deref());
    let position = |(index, fallback): (usize, &Fallback<'_>)| Some((fallback.receiver.clone()?, index));
    let positions: HashMap<String, usize> = fallbacks.iter().enumerate().rev().filter_map(position).collect();
    let mut unknowns = 0;
    let mut next = Vec::new();
    for (index, fallback) in fallbacks.iter().enumerate() {
        let target = fallback.to.as_ref().and_then(|to| {
            let target = positions.get(&to.value).copied();
            if target == Some(index) {
                to.place.problem("is this receiver itself");
            } else if target.is_none() {
                unknowns += 1;
                let listed = if unknowns > MAX_SUGGESTIONS { 0 } else { usize::MAX };
                to.place.problem(unknown("receiver", &to.value, names().take(listed)));
            }
            target.filter(|target| *target != index)
        });
        next.push(target);
    }
    for circle in circles(&next) {
        let in_circle: Vec<&Fallback<'_>> = circle.iter().filter_map(|index| fallbacks.get(*index)).collect();
        let names =
            in_circle.iter().chain(in_circle.first()).filter_map(|fallback| fallback.receiver.as_deref());
        let path = names.collect::<Vec<_>>().join(" → ");
        if let Some(to) = in_circle.first().and_then(|first| first.to.as_ref()) {
            to.place.problem(format!("leads back to this receiver: {path}"));
        }
    }
}

/// Every circle in a graph in which `next` holds the one successor of each node, each from its lowest node on. Visits each node once.
fn circles(next: &[Option<usize>]) -> Vec<Vec<usize>> {
    // The start of the walk that visited each node.
    let mut visited: HashMap<usize, usize> = HashMap::new();
    let mut circles = Vec::new();
    for start in 0..next.len() {
        let mut path = Vec::new();
        let mut at = Some(start);
        while let Some(node) = at.filter(|node| !visited.contains_key(node)) {
            visited.insert(node, start);
            path.push(node);
            at = next.get(node).copied().flatten();
        }
        // A walk that ends at a node of its own has closed a circle there.
        let closed = at.filter(|node| visited.get(node) == Some(&start));
        let begin = closed.and_then(|node| path.iter().position(|visited| *visited == node));
        if let Some(begin) = begin {
            let mut circle = path.split_off(begin);
            let lowest = (0..circle.len()).min_by_key(|index| circle.get(*index)).unwrap_or_default();
            circle.rotate_left(lowest);
            circles.push(circle);
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found_in_linear_time() {
        // A quadratic search would take hours.
        const LENGTH: usize = 300_000;
        let mut chain: Vec<Option<usize>> = (1..LENGTH).map(Some).collect();
        chain.push(None);
        assert_eq!(circles(&chain), Vec::<Vec<usize>>::new());
        if let Some(last) = chain.last_mut() {
            *last = Some(0);
        }
        assert_eq!(circles(&chain), [(0..LENGTH).collect::<Vec<_>>()]);
    }

    #[test]
    fn a_circle_begins_at_its_lowest_member_and_is_found_once() {
        let next = [Some(3), Some(2), Some(1), Some(4), Some(5), Some(3), None];
        assert_eq!(circles(&next), [vec![3, 4, 5], vec![1, 2]]);
    }
}
