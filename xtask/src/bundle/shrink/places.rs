//! Blanks the places in the source that only the messages of panics name.
//!
//! Once panics trap without a message, nothing reads them; but they are data, and no optimizer sees
//! that. Zeros are next to nothing once they are compressed.

use anyhow::Result;

use super::module::{Module, Segment};

/// A `core::panic::Location`: where the file's name is and how long it is, the line, the column.
const WORDS: usize = 4;
const WORD: usize = 4;
const LOCATION: usize = WORDS * WORD;

/// How the name of a source file ends, and the most that one has of letters and of lines.
const SUFFIX: &[u8] = b".rs";
const NAME_MAX: usize = 256;
const LINES_MAX: usize = 100_000;

/// Blanks them all.
pub(super) fn blank(module: &mut Module) -> Result<()> {
    let (data, segments) = module.data()?;
    let mut blanks = Vec::new();
    for segment in &segments {
        let mut at = segment.at + segment.address.next_multiple_of(WORD) - segment.address;
        while at + LOCATION <= segment.at + segment.len {
            match file_name(data, &segments, at) {
                Some(name) => {
                    blanks.extend([(at, LOCATION), name]);
                    at += LOCATION;
                }
                None => at += WORD,
            }
        }
    }
    for (at, len) in blanks {
        data.iter_mut().skip(at).take(len).for_each(|byte| *byte = 0);
    }
    Ok(())
}

/// Where the name of the file is and how long, if there is a location at this place.
fn file_name(data: &[u8], segments: &[Segment], at: usize) -> Option<(usize, usize)> {
    let word = |index: usize| {
        let bytes = data.get(at + index * WORD..)?.first_chunk::<WORD>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let (address, len, line, column) = (word(0)?, word(1)?, word(2)?, word(3)?);
    if len > NAME_MAX || !(1..LINES_MAX).contains(&line) || !(1..LINES_MAX).contains(&column) {
        return None;
    }
    let holds = |segment: &&Segment| {
        segment.address <= address && address + len <= segment.address + segment.len
    };
    let segment = segments.iter().find(holds)?;
    let name = segment.at + address - segment.address;
    let text = data.get(name..name + len)?;
    let is_name = text.ends_with(SUFFIX) && text.iter().all(u8::is_ascii_graphic);
    is_name.then_some((name, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::shrink::module::tests::module;

    fn words(words: [u32; WORDS]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    fn blanked(data: &[u8]) -> Vec<u8> {
        let mut module = module(&[], data);
        blank(&mut module).unwrap();
        let (data, segments) = module.data().unwrap();
        data[segments[0].at..].to_vec()
    }

    #[test]
    fn a_place_and_the_name_of_its_file_become_zeros() {
        let data = [b"a/b.rs..".to_vec(), words([1024, 6, 12, 5]), b"text".to_vec()].concat();
        assert_eq!(
            blanked(&data),
            [vec![0; 6], b"..".to_vec(), vec![0; 16], b"text".to_vec()].concat()
        );
    }

    #[test]
    fn what_is_only_like_a_place_stays() {
        for like in [[1024, 6, 0, 5], [1024, 5, 12, 5], [9, 6, 12, 5], [u32::MAX, 6, 12, 5]] {
            let data = [b"a/b.rs..".to_vec(), words(like)].concat();
            assert_eq!(blanked(&data), data);
        }
    }
}
