//! Which accounts the status page lists: those that match a text and a state, one page of them.

use serde::Serialize;
use url::form_urlencoded;

use crate::domain::verdict::Verdict;
use crate::report::AccountReport;
use crate::web::query::{Invalid, Query};

/// Accounts on one page.
const PAGE_LENGTH: usize = 50;

/// Characters of the text; longer than any name.
const MAX_TEXT: usize = 256;

/// The state by which accounts are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Show {
    #[default]
    All,
    /// Those whose verdict is not ok.
    Problems,
    Usable,
    Unusable,
}

/// What the query of the page asks for.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct AccountFilter {
    /// A part of a name, an id or a subscription; upper and lower case are the same.
    text: String,
    show: Show,
    /// From 1.
    #[serde(skip)]
    page: usize,
}

/// One page of accounts.
#[derive(Serialize)]
pub(super) struct Pages {
    /// The accounts that match.
    pub(super) matching: usize,
    /// The first and the last of them on this page, from 1; zero when there are none.
    first: usize,
    last: usize,
    number: usize,
    count: usize,
    /// The queries of the pages beside this one.
    previous: Option<String>,
    next: Option<String>,
}

impl AccountFilter {
    /// Reads `?q=studio&show=problems&page=2`.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Invalid> {
        let query = Query::parse(query, &["q", "show", "page"])?;
        let text = query.get("q").unwrap_or_default().trim();
        if text.chars().count() > MAX_TEXT {
            return Err(Invalid::new("q", &"is too long"));
        }
        let show = match query.get("show") {
            None | Some("" | "all") => Show::All,
            Some("problems") => Show::Problems,
            Some("usable") => Show::Usable,
            Some("unusable") => Show::Unusable,
            Some(_) => return Err(Invalid::new("show", &"possible: all, problems, usable, unusable")),
        };
        let page = query.get("page").map_or(Ok(1), str::parse::<u16>);
        let page = page.ok().filter(|page| *page > 0);
        let page = page.ok_or_else(|| Invalid::new("page", &"is a number from 1 to 65535"))?;
        Ok(Self { text: text.to_owned(), show, page: page.into() })
    }

    /// The accounts of this page, worst first, and which page it is.
    pub(super) fn select(&self, accounts: Vec<AccountReport>) -> (Vec<AccountReport>, Pages) {
        let text = self.text.to_lowercase();
        let mut matching: Vec<_> =
            accounts.into_iter().filter(|account| self.is_listed(account, &text)).collect();
        matching.sort_by(|one, other| rank(one).cmp(&rank(other)));
        let total = matching.len();
        let pages = total.div_ceil(PAGE_LENGTH).max(1);
        let page = self.page.min(pages);
        let start = (page - 1) * PAGE_LENGTH;
        let listed: Vec<_> = matching.into_iter().skip(start).take(PAGE_LENGTH).collect();
        let pages = Pages {
            matching: total,
            first: if listed.is_empty() { 0 } else { start + 1 },
            last: start + listed.len(),
            number: page,
            count: pages,
            previous: (page > 1).then(|| self.query(page - 1)),
            next: (page < pages).then(|| self.query(page + 1)),
        };
        (listed, pages)
    }

    fn is_listed(&self, account: &AccountReport, text: &str) -> bool {
        let is_shown = match self.show {
            Show::All => true,
            Show::Problems => account.verdict != Verdict::Ok,
            Show::Usable => account.usable == Some(true),
            Show::Unusable => account.usable == Some(false),
        };
        let contains = |field: &str| field.to_lowercase().contains(text);
        is_shown
            && (text.is_empty()
                || contains(&account.name)
                || contains(account.id.as_str())
                || contains(account.subscription.as_str()))
    }

    fn query(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !self.text.is_empty() {
            query.append_pair("q", &self.text);
        }
        match self.show {
            Show::All => {}
            Show::Problems => drop(query.append_pair("show", "problems")),
            Show::Usable => drop(query.append_pair("show", "usable")),
            Show::Unusable => drop(query.append_pair("show", "unusable")),
        }
        query.append_pair("page", &page.to_string());
        format!("?{}", query.finish())
    }
}

/// The order of the list: worst verdict first, then what cannot take jobs, then what is unknown, then what expires first.
fn rank(account: &AccountReport) -> impl Ord + '_ {
    let expires = account.expires_at.map_or(i64::MAX, |at| at.timestamp());
    let usable = match account.usable {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    };
    (std::cmp::Reverse(account.verdict), usable, expires, account.name.as_str(), account.id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_listed_is_accepted() {
        let filter = AccountFilter::parse(Some("q=+Studio+&show=unusable&page=3")).unwrap();
        assert_eq!((filter.text.as_str(), filter.show, filter.page), ("Studio", Show::Unusable, 3));
        assert_eq!(filter.query(4), "?q=Studio&show=unusable&page=4");
        assert_eq!(AccountFilter::parse(Some("q=&show=")).unwrap().query(2), "?page=2");
        for (query, reason) in [
            ("page=0", "page: is a number from 1 to 65535"),
            ("page=x", "page: is a number from 1 to 65535"),
            ("page=99999999999999999999", "page: is a number from 1 to 65535"),
            ("show=x", "show: possible: all, problems, usable, unusable"),
            ("sort=x", "unknown parameter \"sort\"; possible: q, show, page"),
        ] {
            assert_eq!(AccountFilter::parse(Some(query)).unwrap_err().reason(), reason);
        }
        assert!(AccountFilter::parse(Some(&format!("q={}", "x".repeat(300)))).is_err());
    }
}
