//! The fields of a health document that somebody asks for, as one answer tells them.

use super::field::{FIELDS_MAX, Field};
use super::verdict::ProbeOutcome;

/// What an answer has at these pointers, whatever its status; nothing where there was no answer.
#[must_use]
pub fn fields_of(outcome: &ProbeOutcome, pointers: &[String]) -> Vec<(String, Field)> {
    let ProbeOutcome::Answered(answer) = outcome else { return Vec::new() };
    if pointers.is_empty() {
        return Vec::new();
    }
    let document = answer.document();
    let field = |pointer: &String| (pointer.clone(), Field::of(document.as_ref(), pointer));
    pointers.iter().take(FIELDS_MAX).map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::super::field::FIELD_BYTES_MAX;
    use super::super::verdict::ProbeResponse;
    use super::*;

    fn read(body: &str, pointer: &str) -> Field {
        let outcome = ProbeOutcome::Answered(ProbeResponse {
            status: 503,
            body: Ok(body.to_owned()),
            ..ProbeResponse::default()
        });
        fields_of(&outcome, &[pointer.to_owned()]).remove(0).1
    }

    #[test]
    fn what_is_missing_null_or_of_another_kind_is_told_apart() {
        let body = r#"{"n": -1, "t": "5", "z": null, "f": true, "l": [1]}"#;
        assert_eq!(read(body, "/n").number(), Some(-1.0));
        let none = [
            ("/t", "the text \"5\""),
            ("/z", "null"),
            ("/f", "true"),
            ("/l", "a list or an object"),
            ("/x", "missing"),
        ];
        for (pointer, words) in none {
            let field = read(body, pointer);
            assert_eq!((field.number(), field.words()), (None, words.to_owned()));
        }
        assert_eq!(read("<html>", "/n"), Field::NotJson {});
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let long = format!("{}é", "x".repeat(FIELD_BYTES_MAX - 1));
        let Field::Text(text) = read(&format!("{{\"t\": \"{long}\"}}"), "/t") else { panic!() };
        assert_eq!(text, "x".repeat(FIELD_BYTES_MAX - 1));
    }

    #[test]
    fn without_an_answer_there_is_no_field() {
        assert!(fields_of(&ProbeOutcome::TimedOut, &["/n".to_owned()]).is_empty());
    }
}
