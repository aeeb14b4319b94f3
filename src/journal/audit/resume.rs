//! Goes on with the chain from what KV has, after the Controller's storage is lost.
//!
//! KV has two things: the copy of the state, which ends with some entry, and the pages. Either may
//! be older than the other, since KV shows a write late. The chain goes on behind the later one, if
//! both fit together. A page that does not hold, or does not fit, is left as it is: it is evidence.

use super::log::{AuditLog, page_first, page_key, page_last};
use super::{AuditEntry, AuditHead, read_page, verify};
use crate::json::Shape;

impl AuditLog {
    /// The chain that goes on. `self` is what the copy of the state has, `page` the last page that
    /// KV has. Returns what a person has to know, without personal data.
    #[must_use]
    pub fn resumed(mut self, page: Option<&str>) -> (Self, String) {
        let note = match page.map(sound) {
            None if self.head.n == 0 => return (self, "KV has no audit chain".to_owned()),
            None => {
                self.kept_to = self.kept_to.min(page_first(self.head.n).saturating_sub(1));
                "KV has no page of its end, which is written again".to_owned()
            }
            Some(Ok(entries)) => self.joined(entries),
            Some(Err(why)) => self.left_alone(None, &why),
        };
        let AuditHead { n, hash } = self.head;
        let at = self.entries.last().filter(|entry| entry.n == n);
        let at = at.map(|entry| format!(" of {}", entry.at)).unwrap_or_default();
        let end = format!("the audit chain goes on behind entry {n}{at} ({hash}): {note}");
        let rest = "entries after it that had not reached KV are missing, if there were any";
        (self, format!("{end}; {rest}"))
    }

    fn joined(&mut self, entries: Vec<AuditEntry>) -> String {
        let last = entries.last().map(AuditEntry::head).unwrap_or_default();
        let known = |n: u64| self.entries.iter().find(|entry| entry.n == n).map(AuditEntry::head);
        let in_page = |n: u64| entries.iter().find(|entry| entry.n == n).map(AuditEntry::head);
        if last.n < self.head.n {
            if known(last.n) != Some(last) {
                return self.left_alone(Some(last.n), "it does not fit the copy of the state");
            }
            self.kept_to = self.kept_to.min(last.n);
            return format!("`{}` is older than the copy of the state", page_key(last.n));
        }
        let first = entries.first();
        let fits = match in_page(self.head.n) {
            Some(head) => head == self.head,
            // The page begins behind the copy, or there is no copy.
            None => first.is_none_or(|first| {
                first.n != self.head.n.saturating_add(1) || first.before == self.head.hash
            }),
        };
        if !fits {
            return self.left_alone(Some(last.n), "it does not fit the copy of the state");
        }
        let begins = first.map_or(0, |entry| entry.n);
        self.entries.retain(|entry| entry.n < begins);
        self.entries.extend(entries);
        (self.head, self.kept_to) = (last, last.n);
        format!("the end is from `{}`", page_key(last.n))
    }

    /// Leaves a page as it is, and goes on with the next one.
    fn left_alone(&mut self, ends: Option<u64>, why: &str) -> String {
        let last = page_last(ends.unwrap_or(self.head.n).max(self.head.n).max(1));
        // What is behind it here stays for whoever asks, and is not written over it.
        (self.head.n, self.kept_to) = (last, last);
        format!("`{}` is left as it is, because {why}; a new page begins", page_key(last))
    }
}

/// The entries of a page that holds. Errors: why it does not.
fn sound(text: &str) -> Result<Vec<AuditEntry>, String> {
    let page = read_page(text)?;
    let Some(first) = page.entries.first() else { return Err("it has no entry".to_owned()) };
    let values: Vec<_> = page.entries.iter().map(Shape::write).collect();
    match verify(&values, first.n) {
        Ok(verified) => Ok(verified.entries),
        Err(flaw) => Err(flaw.to_string()),
    }
}
