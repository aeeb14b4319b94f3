//! Reads a parsed document and collects all its mistakes.

use super::nearest::nearest;
use super::shape::Shape;
use serde_json::Value;
use std::fmt::Write as _;

/// Most mistakes that are kept of one document; the rest are counted. Half a megabyte of text can
/// have a quarter of a million of them, which together are larger than the memory of an isolate,
/// and nobody mends more than these before looking again.
pub(crate) const MISTAKES_MAX: usize = 100;

/// One mistake in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The path, such as `services.api.regions[1]`; `.` for the document as a whole.
    pub(crate) path: String,
    /// Which kind.
    pub(crate) kind: MistakeKind,
    /// What is wrong, with the value.
    pub(crate) seen: String,
    /// What is allowed instead.
    pub(crate) allowed: String,
    /// What was most likely meant.
    pub(crate) hint: Option<String>,
}

/// The kinds of mistakes that a shape can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MistakeKind {
    /// The value has the wrong type, or a string the wrong format.
    Form,
    /// The key is unknown, or has the wrong format.
    UnknownKey,
    /// A required key is missing.
    MissingKey,
    /// The number is too small or too large.
    Range,
    /// The name has the right format but refers to nothing.
    UnknownName,
}

/// Whether unknown keys are mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownKeys {
    /// They are: for documents that people write.
    Refused,
    /// They are ignored: a later build may have written them.
    Ignored,
}

/// Reads a document and collects its mistakes.
#[derive(Debug)]
pub(crate) struct Reader {
    mistakes: Vec<Mistake>,
    path: String,
    unknown_keys: UnknownKeys,
    lost: Lost,
}

/// What is missing from a value that was read, because of mistakes.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    /// Keys of entries.
    keys: Vec<String>,
    /// Items: the path of the list, and the index in it. Outer lists come before inner ones.
    items: Vec<(String, usize)>,
    /// How many mistakes were found beyond [`MISTAKES_MAX`]. If there are any, keys and items are
    /// not complete.
    unlisted: usize,
}

impl Lost {
    /// The keys of the entries that are lost.
    pub(crate) fn keys(&mut self) -> Vec<String> {
        std::mem::take(&mut self.keys)
    }

    /// How many mistakes were found and not kept.
    pub(crate) fn unlisted(&self) -> usize {
        self.unlisted
    }

    /// Whether the list at this path had items that are lost.
    pub(crate) fn is_from(&self, path: &str) -> bool {
        self.items.iter().any(|(list, _)| list == path)
    }

    /// The path with the indexes that the author wrote. After a lost item, the items that were read
    /// have moved up.
    pub(crate) fn as_written(&self, path: String) -> String {
        self.items.iter().fold(path, |path, (list, lost)| {
            let after = path.strip_prefix(list.as_str()).and_then(|rest| rest.strip_prefix('['));
            let Some((index, rest)) = after.and_then(|after| after.split_once(']')) else {
                return path;
            };
            match index.parse::<usize>() {
                Ok(index) if index >= *lost => format!("{list}[{}]{rest}", index + 1),
                _ => path,
            }
        })
    }
}

/// The object that is being read.
pub(crate) type Object = serde_json::Map<String, Value>;

impl Reader {
    /// A reader at the root of a document.
    pub(crate) fn new(unknown_keys: UnknownKeys) -> Self {
        Self { mistakes: Vec::new(), path: String::new(), unknown_keys, lost: Lost::default() }
    }

    /// Whether there is a mistake so far.
    pub(super) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// All mistakes so far, and what is missing because of them.
    pub(crate) fn into_mistakes(self) -> (Vec<Mistake>, Lost) {
        (self.mistakes, self.lost)
    }

    /// What an empty object is read as; `None` if a key is required.
    pub(crate) fn empty<T: Shape>() -> Option<T> {
        let mut reader = Self::new(UnknownKeys::Ignored);
        let read = T::read(&Value::Object(Object::new()), &mut reader);
        read.filter(|_| reader.mistakes.is_empty())
    }

    /// Enters a key. Pass what it returns to [`Reader::leave`].
    pub(super) fn enter(&mut self, key: &str) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        before
    }

    fn enter_item(&mut self, index: usize) -> usize {
        let before = self.path.len();
        // Writing to a string cannot fail.
        let _ = write!(self.path, "[{index}]");
        before
    }

    /// Goes back.
    pub(super) fn leave(&mut self, before: usize) {
        self.path.truncate(before);
    }

    /// Whether no more mistakes are kept, so that no time need be spent on their words.
    fn is_full(&self) -> bool {
        self.mistakes.len() >= MISTAKES_MAX
    }

    /// Reports a mistake at the value that is being read.
    pub(crate) fn report(&mut self, kind: MistakeKind, seen: String, allowed: &str) {
        self.report_with(kind, seen, allowed.to_owned(), None);
    }

    /// The same with a hint.
    pub(crate) fn report_with(
        &mut self,
        kind: MistakeKind,
        seen: String,
        allowed: String,
        hint: Option<String>,
    ) {
        if self.is_full() {
            self.lost.unlisted += 1;
            return;
        }
        let path = if self.path.is_empty() { ".".to_owned() } else { self.path.clone() };
        self.mistakes.push(Mistake { path, kind, seen, allowed, hint });
    }

    /// Reports that a value has the wrong type.
    pub(crate) fn wrong_type(&mut self, value: &Value, allowed: &str) {
        self.misplaced(value, allowed.to_owned(), None);
    }

    /// The same with a hint.
    pub(crate) fn misplaced(&mut self, value: &Value, allowed: String, hint: Option<String>) {
        self.report_with(MistakeKind::Form, misplaced(value), allowed, hint);
    }

    /// Reports a value that is no string of this format. If it is a number or `true` or `false`
    /// whose text has the format, only its quotes are missing.
    pub(crate) fn unfit(&mut self, value: &Value, fits: &dyn Fn(&str) -> bool, allowed: &str) {
        let is_bare = value.is_number() || value.is_boolean();
        let bare = is_bare.then(|| value.to_string()).filter(|text| fits(text));
        let hint = bare.map(|text| ["write `\"", &text, "\"`, in quotes"].concat());
        self.misplaced(value, allowed.to_owned(), hint);
    }

    /// Reports a value that is no number. If it is a string with one in it, its quotes are too
    /// many.
    pub(crate) fn no_number(&mut self, value: &Value, allowed: String) {
        let quoted = value.as_str().filter(|text| text.parse::<serde_json::Number>().is_ok());
        let hint = quoted.map(|text| ["write `", text, "`, without quotes"].concat());
        self.misplaced(value, allowed, hint);
    }

    /// The value as an object whose keys are all `known`; others are reported.
    pub(crate) fn object<'v>(&mut self, value: &'v Value, known: &[&str]) -> Option<&'v Object> {
        let Value::Object(object) = value else {
            self.wrong_type(value, "a table");
            return None;
        };
        if self.unknown_keys == UnknownKeys::Refused {
            object.keys().filter(|key| !known.contains(&key.as_str())).for_each(|key| {
                self.unknown_key(key, known);
            });
        }
        Some(object)
    }

    fn unknown_key(&mut self, key: &str, known: &[&str]) {
        if self.is_full() {
            self.lost.unlisted += 1;
            return;
        }
        let hint = nearest(key, known.iter().copied()).map(|near| format!("write `{near}`"));
        let before = self.enter(key);
        let seen = format!("unknown key `{key}`");
        self.report_with(MistakeKind::UnknownKey, seen, known.join(", "), hint);
        self.leave(before);
    }

    /// The value of a key. Reports a required key that is missing.
    pub(crate) fn field<T: Shape>(&mut self, object: &Object, key: &str) -> Option<T> {
        if let Some(value) = object.get(key).filter(|value| !value.is_null()) {
            return self.within(key, value);
        }
        let absent = T::absent();
        if absent.is_none() {
            self.missing(key, T::CHOICES);
        }
        absent
    }

    /// The value of a key, or `default` if it is absent. A mistake is reported, and `default`
    /// returned.
    pub(crate) fn field_or<T: Shape>(&mut self, object: &Object, key: &str, default: T) -> T {
        match object.get(key).filter(|value| !value.is_null()) {
            Some(value) => self.within(key, value).unwrap_or(default),
            None => default,
        }
    }

    fn within<T: Shape>(&mut self, key: &str, value: &Value) -> Option<T> {
        let before = self.enter(key);
        let read = T::read(value, self);
        self.leave(before);
        read
    }

    fn missing(&mut self, key: &str, choices: &[&str]) {
        let seen = format!("`{key}` is missing");
        self.report(MistakeKind::MissingKey, seen, &choices.join(", "));
    }

    /// The index of one of some words, or a report.
    pub(crate) fn word(&mut self, value: &Value, words: &[&str]) -> Option<usize> {
        let text = value.as_str();
        let index = text.and_then(|text| words.iter().position(|word| *word == text));
        if index.is_none() {
            let hint = text.and_then(|text| nearest(text, words.iter().copied()));
            let hint = hint.map(|near| format!("write `{near}`"));
            self.misplaced(value, words.join(", "), hint);
        }
        index
    }

    /// A whole number from `low` to `high`, both included, or a report.
    pub(crate) fn number(&mut self, value: &Value, low: u64, high: u64) -> Option<u64> {
        let is_negative = value.as_i64().is_some_and(|number| number < 0);
        let Some(number) = value.as_u64().or(is_negative.then_some(0)) else {
            self.no_number(value, format!("a whole number, {low} to {high}"));
            return None;
        };
        if is_negative || number < low || number > high {
            let which = if number > high { "large" } else { "small" };
            let problem = format!("{value} is too {which}");
            self.report(MistakeKind::Range, problem, &format!("{low} to {high}"));
            return None;
        }
        Some(number)
    }

    /// Reports that a key has the wrong format.
    pub(crate) fn wrong_key(&mut self, key: &str, allowed: &str) {
        self.report(
            MistakeKind::UnknownKey,
            format!("the key `{key}` is not allowed here"),
            allowed,
        );
    }

    /// A string, or a report.
    pub(crate) fn text<'v>(&mut self, value: &'v Value, allowed: &str) -> Option<&'v str> {
        let text = value.as_str();
        if text.is_none() {
            self.unfit(value, &|_| true, allowed);
        }
        text
    }

    /// Notes that the entry of a key is lost.
    pub(super) fn lose(&mut self, key: &str) {
        if self.lost.unlisted == 0 {
            self.lost.keys.push(key.to_owned());
        }
    }

    /// The items of a list, each read; those with mistakes are reported and left out.
    pub(super) fn items<T: Shape>(&mut self, values: &[Value]) -> Vec<T> {
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            match self.item(index, value) {
                Some(item) => items.push(item),
                None if self.lost.unlisted > 0 => {}
                None => self.lost.items.push((self.path.clone(), index)),
            }
        }
        items
    }

    /// One item of a list.
    pub(super) fn item<T: Shape>(&mut self, index: usize, value: &Value) -> Option<T> {
        let before = self.enter_item(index);
        let lost_before = self.lost.items.len();
        let item = T::read(value, self);
        if item.is_none() {
            // If the item is lost, nothing inside it counts as lost.
            self.lost.items.truncate(lost_before);
        }
        self.leave(before);
        item
    }
}

/// A value as messages show it, cut if it is long.
pub(super) fn shown(value: &Value) -> String {
    const CHARACTERS_MAX: usize = 60;
    let text = match value {
        Value::Object(_) => return "a table".to_owned(),
        Value::Array(items) if items.len() == 1 => return "a list of 1 item".to_owned(),
        Value::Array(items) => return format!("a list of {} items", items.len()),
        Value::String(text) => format!("the string `{text}"),
        other => return format!("`{other}`"),
    };
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…`", text.get(..end).unwrap_or_default()),
        None => text + "`",
    }
}

fn misplaced(value: &Value) -> String {
    shown(value) + " is not allowed here"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RegionId;
    use serde_json::json;

    #[test]
    fn paths_behind_a_lost_item_are_those_of_the_author() {
        let mut reader = Reader::new(UnknownKeys::Refused);
        let document = json!([["A!", "b"], {}, ["c", "D!", "e", "F!", "g"]]);
        let read = Vec::<Vec<RegionId>>::read(&document, &mut reader).unwrap();
        assert_eq!(read.len(), 2);
        let (_, lost) = reader.into_mistakes();
        for (read, written) in [
            ("[0][0]", "[0][1]"),
            ("[1][0]", "[2][0]"),
            ("[1][1]", "[2][2]"),
            ("[1][2].x", "[2][4].x"),
            ("other[1]", "other[1]"),
        ] {
            assert_eq!(lost.as_written(read.to_owned()), written);
        }
        assert!(lost.is_from("[0]") && lost.is_from("") && !lost.is_from("[1]"));
    }

    #[test]
    fn a_number_is_read_up_to_its_bounds() {
        let mut reader = Reader::new(UnknownKeys::Refused);
        for (value, good) in [
            (json!(4), false),
            (json!(5), true),
            (json!(9), true),
            (json!(10), false),
            (json!(-5), false),
            (json!(5.5), false),
            (json!("5"), false),
            (json!(u64::MAX), false),
        ] {
            assert_eq!(reader.number(&value, 5, 9).is_some(), good, "{value}");
        }
        assert_eq!(reader.into_mistakes().0.len(), 6);
    }

    #[test]
    fn a_long_text_is_cut_where_it_is_shown() {
        assert_eq!(shown(&json!("é".repeat(61))), format!("the string `{}…`", "é".repeat(48)));
        assert_eq!(shown(&json!("x")), "the string `x`");
    }
}
