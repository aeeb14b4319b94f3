//! Bytes as hexadecimal digits in lower case, and back.

/// The digits of some bytes.
#[must_use]
pub(crate) fn write(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// So many bytes of a text that has nothing but their digits; `None` if it is another text.
pub(crate) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    if pairs.len() != N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = 16 * digit(*high)? + digit(*low)?;
    }
    Some(bytes)
}

fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_two_a_byte_and_in_lower_case() {
        assert_eq!(write(&[0, 10, 255]), "000aff");
        assert_eq!(read("000aff"), Some([0, 10, 255]));
        for text in ["", "000af", "000aff0", "000aff00", "000AFF", "000agf", "00é0"] {
            assert_eq!(read::<3>(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: [u8; 32]) {
            prop_assert_eq!(read(&write(&bytes)), Some(bytes));
        }
    }
}
