//! What became of the jobs of the last 24 hours, as a bar by status code.

use serde::Serialize;

use crate::report::{JobCodeReport, codes_sentence};

/// A bar, in hundredths of its length.
#[derive(Serialize)]
pub(super) struct JobBar {
    /// `72 × 200, 3 × 403`
    text: String,
    segments: Vec<Segment>,
}

#[derive(Serialize)]
struct Segment {
    from: String,
    width: String,
    /// The class of its colour.
    tone: &'static str,
}

impl JobBar {
    /// None without jobs.
    pub(super) fn new(codes: &[JobCodeReport]) -> Option<Self> {
        let total: u64 = codes.iter().map(|code| u64::from(code.jobs)).sum();
        if total == 0 {
            return None;
        }
        let (mut before, mut segments) = (0, Vec::new());
        for code in codes {
            let from = before * 1_000 / total;
            before += u64::from(code.jobs);
            let width = before * 1_000 / total - from;
            segments.push(Segment { from: tenths(from), width: tenths(width), tone: tone(code) });
        }
        let text = codes_sentence(codes);
        Some(Self { text, segments })
    }
}

fn tenths(thousandths: u64) -> String {
    format!("{}.{}", thousandths / 10, thousandths % 10)
}

/// Good, not counted, or failed.
fn tone(code: &JobCodeReport) -> &'static str {
    match code {
        JobCodeReport { code: 200..=299, .. } => "ok",
        JobCodeReport { counted: 0, .. } => "muted",
        JobCodeReport { .. } => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segments_fill_the_bar() {
        let code = |code, jobs, counted| JobCodeReport { code, jobs, counted };
        let bar = JobBar::new(&[code(200, 2, 2), code(403, 1, 1), code(429, 4, 0)]).unwrap();
        assert_eq!(bar.text, "2 × 200, 1 × 403, 4 × 429 (not counted)");
        let segments: Vec<_> =
            bar.segments.iter().map(|s| (s.from.as_str(), s.width.as_str(), s.tone)).collect();
        assert_eq!(
            segments,
            [("0.0", "28.5", "ok"), ("28.5", "14.3", "critical"), ("42.8", "57.2", "muted")]
        );
        assert_eq!(tone(&code(102, 1, 1)), "critical");
        assert!(JobBar::new(&[]).is_none());
    }
}
