//! "Did you mean …?" for mistyped keys and words.

/// Letters in which a typed word may differ from the one that was meant.
const MAX_DISTANCE: usize = 2;

/// The nearest of `known` as the end of a sentence, when one is near enough to be what was meant; else nothing.
pub(super) fn suggestion<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    // Words of other lengths differ in more letters, and comparing takes the product of both lengths.
    let length = typed.chars().count();
    let is_near = |word: &&str| word.chars().count().abs_diff(length) <= MAX_DISTANCE;
    let nearest = known.into_iter().filter(is_near).map(|word| (distance(typed, word), word)).min();
    match nearest {
        Some((distance, word)) if distance <= MAX_DISTANCE && distance < word.chars().count() => {
            format!("; did you mean `{word}`?")
        }
        _ => String::new(),
    }
}

/// How many letters have to be put in, left out or replaced, whatever their case (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.to_lowercase().chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, (other, above)) in b.iter().zip(row.windows(2)).enumerate() {
            let (replaced, left_out) = (above[0] + usize::from(letter != *other), above[1] + 1);
            next.push(replaced.min(left_out).min(next[j] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_letters() {
        for (a, b, letters) in
            [("", "", 0), ("cron", "cron", 0), ("corn", "cron", 2), ("kron", "cron", 1), ("", "abc", 3)]
        {
            assert_eq!(distance(a, b), letters, "{a} {b}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        assert_eq!(suggestion("Time_out", ["timeout", "cron"]), "; did you mean `timeout`?");
        assert_eq!(suggestion("colour", ["timeout", "cron"]), "");
        assert_eq!(suggestion("x", ["to", "id"]), "", "everything is near a short word");
    }
}
