//! The JSON forms of more plain types: small numbers, pairs, sets, and JSON itself.

use super::reader::Reader;
use super::shape::{Shape, list};
use crate::ordered::Set;
use serde_json::Value;

macro_rules! whole_number {
    ($($number:ty)*) => {$(
        impl Shape for $number {
            fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
                let most = u64::try_from(Self::MAX).unwrap_or(u64::MAX);
                Self::try_from(reader.number(value, 0, most)?).ok()
            }

            fn write(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}

whole_number!(u8 u16 usize);

impl Shape for i64 {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let number = value.as_i64();
        if number.is_none() {
            reader.wrong_type(value, "a whole number");
        }
        number
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Shape for Value {
    fn read(value: &Value, _: &mut Reader) -> Option<Self> {
        Some(value.clone())
    }

    fn write(&self) -> Value {
        self.clone()
    }
}

/// A list of two.
impl<A: Shape, B: Shape> Shape for (A, B) {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let Some([first, second]) = value.as_array().map(Vec::as_slice) else {
            reader.wrong_type(value, "a list of two");
            return None;
        };
        let first = reader.item(0, first);
        let second = reader.item(1, second);
        Some((first?, second?))
    }

    fn write(&self) -> Value {
        Value::Array(vec![self.0.write(), self.1.write()])
    }
}

impl<T: Shape + Ord> Shape for Set<T> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        Vec::read(value, reader).map(Self::of)
    }

    fn write(&self) -> Value {
        list(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::ordered::Map;

    #[test]
    fn each_reads_back_as_it_was_written() {
        let pairs = vec![("b".to_owned(), 2_u8), ("a".to_owned(), u8::MAX)];
        assert_eq!(json::write(&pairs), r#"[["b",2],["a",255]]"#);
        assert_eq!(json::read::<Vec<(String, u8)>>(&json::write(&pairs)).unwrap(), pairs);
        let map = Map::of(pairs);
        assert_eq!(json::write(&map), r#"{"a":255,"b":2}"#);
        assert_eq!(json::read::<Map<String, u8>>(&json::write(&map)).unwrap(), map);
        let set = Set::from([3_u16, 1, 2, 3]);
        assert_eq!(json::write(&set), "[1,2,3]");
        assert_eq!(json::read::<Set<u16>>("[3,2,1,1]").unwrap(), set);
        assert_eq!(json::read::<i64>("-1").unwrap(), -1);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let told = |text: &str| json::read::<Vec<(String, u8)>>(text).unwrap_err().to_string();
        assert_eq!(told(r#"[["a", 256]]"#), "[0][1]: 256 is too large");
        assert_eq!(told(r#"[["a"]]"#), "[0]: a list of 1 item is not allowed here");
        assert_eq!(told("[["), "EOF while parsing a list at line 1 column 2");
        assert_eq!(json::read::<usize>("-1").unwrap_err().to_string(), ".: -1 is too small");
    }
}
