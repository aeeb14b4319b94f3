//! Columns, lists and numbers for people, and JSON for programs.

use serde::Serialize;
use std::fmt::{Display, Write as _};
use std::io::{self, Write};

/// Names in a list before it is cut.
const NAMES_MAX: usize = 12;
/// Items in a list before it is cut.
const ITEMS_MAX: usize = 6;

/// Writes one JSON value and a newline.
pub(super) fn write_json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// Aligns rows in columns, two spaces apart, without trailing spaces. The first row is the header.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The items separated by commas; a dash if there are none.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "-".to_owned() } else { items.join(", ") }
}

/// The first few items separated by commas, and the number of others.
pub(super) fn first_few<T: Display>(items: impl ExactSizeIterator<Item = T>) -> String {
    match items.len().checked_sub(ITEMS_MAX) {
        Some(more @ 1..) => format!("{} and {more} more", list(items.take(ITEMS_MAX))),
        _ => list(items),
    }
}

/// The first few names separated by spaces, and the number of others.
pub(super) fn some<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    if more > 0 {
        names.truncate(NAMES_MAX);
        return format!("{} and {more} more", names.join(" "));
    }
    names.join(" ")
}

/// A number with thousands separators.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 rule`, `2 rules`.
pub(super) fn count(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", grouped(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_with_text() {
        let rows = [["a", "b", "c"], ["longer", "é", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "a       b  c\nlonger  é\n");
    }

    #[test]
    fn thousands_are_set_apart() {
        let texts = [0, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "rule"), count(2, "rule")], ["1 rule", "2 rules"]);
    }

    #[test]
    fn a_long_list_of_names_is_cut_and_says_so() {
        assert_eq!(some(["DE", "FR"]), "DE FR");
        assert_eq!(some(0..13), "0 1 2 3 4 5 6 7 8 9 10 11 and 1 more");
        assert_eq!(list::<&str>([]), "-");
        assert_eq!(first_few(0..6), "0, 1, 2, 3, 4, 5");
        assert_eq!(first_few(0..8), "0, 1, 2, 3, 4, 5 and 2 more");
    }
}
