//! JSON forms of types that are declared elsewhere: types of our own documents, with private fields
//! and their own derives. An absent value is written as `null`.

use super::reader::{Object, Reader};
use serde_json::Value;

/// Puts a value into an object.
pub(crate) fn put(object: &mut Object, key: &str, value: Value) {
    object.insert(key.to_owned(), value);
}

/// Puts a value into an object, unless it is `null`.
pub(crate) fn put_if_any(object: &mut Object, key: &str, value: Value) {
    if !value.is_null() {
        put(object, key, value);
    }
}

impl Reader {
    /// Reads an object with one entry, whose key, one of `words`, says what the value is. While
    /// `read` reads the value, paths include the key.
    pub(crate) fn variant<T>(
        &mut self,
        value: &Value,
        words: &[&'static str],
        read: impl FnOnce(&mut Self, &'static str, &Value) -> Option<T>,
    ) -> Option<T> {
        let mut entries = value.as_object().into_iter().flatten();
        let (Some((key, content)), None) = (entries.next(), entries.next()) else {
            self.wrong_type(value, "a table with one key");
            return None;
        };
        let Some(word) = words.iter().find(|word| *word == key) else {
            self.wrong_key(key, &words.join(", "));
            return None;
        };
        let before = self.enter(word);
        let read = read(self, word, content);
        self.leave(before);
        read
    }
}

/// Gives a struct a JSON form: an object with a key for each field that is named here. A field is
/// followed by its default, unless it has to be there; one of an optional type may always be
/// absent. `if any` leaves out what would be `null`.
macro_rules! fields {
    ($name:ident {
        $($field:ident $(as $key:literal)? $(if $any:ident)? $(= $default:expr)?),* $(,)?
    }) => {
        impl $crate::json::Shape for $name {
            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::json::Reader,
            ) -> Option<Self> {
                $crate::json::content!(read reader value (Self) {
                    $($field $(as $key)? $(if $any)? $(= $default)?),*
                })
            }

            fn write(&self) -> serde_json::Value {
                let Self { $($field),* } = self;
                $crate::json::content!(write {
                    $($field $(as $key)? $(if $any)? $(= $default)?),*
                })
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(definitions: &mut $crate::json::schema::Definitions) -> serde_json::Value {
                definitions.object(stringify!($name), "", |object| {
                    $crate::json::content!(schema object ($name) {
                        $($field $(as $key)? $(if $any)? $(= $default)?),*
                    });
                })
            }
        }
    };
}

/// Gives an enum a JSON form: an object whose one key says which variant it is, and whose value is
/// the object of the variant's fields, as in `fields!`, or the one thing that it holds.
macro_rules! variants {
    ($name:ident { $($variant:ident = $word:literal $content:tt),* $(,)? }) => {
        impl $crate::json::Shape for $name {
            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::json::Reader,
            ) -> Option<Self> {
                reader.variant(value, &[$($word),*], |reader, word, value| match word {
                    $($word => {
                        $crate::json::content!(read reader value (Self::$variant) $content)
                    })*
                    _ => None,
                })
            }

            fn write(&self) -> serde_json::Value {
                let (word, content) = match self {
                    $($crate::json::content!(pattern (Self::$variant) $content) => {
                        ($word, $crate::json::content!(write $content))
                    })*
                };
                $crate::json::object(vec![(word, content)])
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(definitions: &mut $crate::json::schema::Definitions) -> serde_json::Value {
                definitions.one_of(stringify!($name), |choices| {
                    $($crate::json::content!(choice choices $word ($name::$variant) $content);)*
                })
            }
        }
    };
}

/// What `fields!` and `variants!` do with the inside of one type or variant.
macro_rules! content {
    (read $reader:ident $value:ident ($($name:tt)*) {}) => {
        $reader.object($value, &[]).map(|_| $($name)* {})
    };
    (write {}) => {
        serde_json::Value::Object($crate::json::Object::new())
    };
    (read $reader:ident $value:ident ($($name:tt)*) {
        $($field:ident $(as $key:literal)? $(if $any:ident)? $(= $default:expr)?),* $(,)?
    }) => {{
        const KEYS: &[&str] = &[$($crate::json::key!($field $($key)?)),*];
        let object = $reader.object($value, KEYS)?;
        $(
            let $field = $crate::json::field!(
                $reader, object, $crate::json::key!($field $($key)?) $(, $default)?
            );
        )*
        Some($($name)* { $($field: $field?,)* })
    }};
    (read $reader:ident $value:ident ($($name:tt)*) ($it:ident)) => {
        $crate::json::Shape::read($value, $reader).map($($name)*)
    };
    (write {
        $($field:ident $(as $key:literal)? $(if $any:ident)? $(= $default:expr)?),* $(,)?
    }) => {{
        let mut object = $crate::json::Object::new();
        $(
            let value = $crate::json::Shape::write($field);
            let key = $crate::json::key!($field $($key)?);
            $crate::json::content!(put $($any)? object, key, value);
        )*
        serde_json::Value::Object(object)
    }};
    (write ($it:ident)) => {
        $crate::json::Shape::write($it)
    };
    (schema $object:ident ($($name:tt)*) {
        $($field:ident $(as $key:literal)? $(if $any:ident)? $(= $default:expr)?),* $(,)?
    }) => {{
        use $($name)* as It;
        $(
            let key = $crate::json::key!($field $($key)?);
            // Only the compiler knows the type of the field. No field is looked at.
            #[allow(unreachable_patterns, reason = "a struct, and the only variant of an enum")]
            let of = |it: &_| match it {
                It { $field, .. } => Some(std::ptr::from_ref($field)),
                _ => None,
            };
            $crate::json::content!(entry $object, key, of, ($($any)?), ($($default)?));
        )*
    }};
    (entry $object:ident, $key:ident, $of:ident, (any), ()) => {
        $object.entry($key, $of, false, None)
    };
    (entry $object:ident, $key:ident, $of:ident, (), ()) => {
        $object.entry($key, $of, true, None)
    };
    (entry $object:ident, $key:ident, $of:ident, ($($any:ident)?), ($default:expr)) => {
        $object.entry($key, $of, true, Some($default))
    };
    (choice $choices:ident $word:literal ($($name:tt)*) {}) => {
        $choices.object($word, |_| ())
    };
    (choice $choices:ident $word:literal ($($name:tt)*) { $($fields:tt)+ }) => {
        $choices.object($word, |object| {
            $crate::json::content!(schema object ($($name)*) { $($fields)+ });
        })
    };
    (choice $choices:ident $word:literal ($($name:tt)*) ($it:ident)) => {{
        #[allow(unreachable_patterns, reason = "the only variant of an enum")]
        let of = |it: &_| match it {
            $($name)*($it) => Some(std::ptr::from_ref($it)),
            _ => None,
        };
        $choices.value($word, of)
    }};
    (put $object:ident, $key:expr, $value:expr) => {
        $crate::json::put(&mut $object, $key, $value)
    };
    (put any $object:ident, $key:expr, $value:expr) => {
        $crate::json::put_if_any(&mut $object, $key, $value)
    };
    (pattern ($($name:tt)*) {
        $($field:ident $(as $key:literal)? $(if $any:ident)? $(= $default:expr)?),* $(,)?
    }) => {
        $($name)* { $($field),* }
    };
    (pattern ($($name:tt)*) ($it:ident)) => {
        $($name)*($it)
    };
}

pub(crate) use {content, fields, variants};
