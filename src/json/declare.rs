//! The macros that declare a type together with its JSON form.

/// Declares a struct with a JSON form: an object with a key for each field. A field is followed by
/// its default, unless it has to be there; a field of an optional type may always be absent.
macro_rules! shape {
    ($(
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field:ident $(as $key:literal)? : $type:ty $(= $default:expr)?,
            )*
        }
    )*) => {$(
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[doc = $doc])* $vis $field: $type,)*
        }

        impl $crate::json::Shape for $name {
            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::json::Reader,
            ) -> Option<Self> {
                const KEYS: &[&str] = &[$($crate::json::key!($field $($key)?)),*];
                let object = reader.object(value, KEYS)?;
                $(
                    let $field = $crate::json::field!(
                        reader, object, $crate::json::key!($field $($key)?) $(, $default)?
                    );
                )*
                Some(Self { $($field: $field?,)* })
            }

            fn write(&self) -> serde_json::Value {
                let mut object = serde_json::Map::new();
                $(
                    let value = $crate::json::Shape::write(&self.$field);
                    let key = $crate::json::key!($field $($key)?);
                    $crate::json::put_if_any(&mut object, key, value);
                )*
                serde_json::Value::Object(object)
            }

            /// A table in which every key may be absent may itself be absent.
            fn absent() -> Option<Self> {
                $crate::json::Reader::empty()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(definitions: &mut $crate::json::schema::Definitions) -> serde_json::Value {
                definitions.object(stringify!($name), concat!($($about, "\n"),*), |object| {
                    $(
                        object.field::<$type>(
                            $crate::json::key!($field $($key)?),
                            concat!($($doc, "\n"),*),
                            None$(.or(Some($default)))?,
                        );
                    )*
                })
            }
        }
    )*};
}

/// The key of a field: its name, or what is given instead.
macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// Reads one field, with or without a default.
macro_rules! field {
    ($reader:ident, $object:ident, $key:expr) => {
        $reader.field($object, $key)
    };
    ($reader:ident, $object:ident, $key:expr, $default:expr) => {
        Some($reader.field_or($object, $key, $default))
    };
}

/// Gives a type that is one text a JSON form: what it is made of, and what it prints. Reports of
/// the native program are written by serde, which takes the same text.
macro_rules! text_shape {
    ($name:ty, $parse:expr, $allowed:expr, $schema:tt) => {
        $crate::json::text_shape!(foreign $name, $parse, $allowed, $schema);

        #[cfg(not(target_arch = "wasm32"))]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
    (foreign $name:ty, $parse:expr, $allowed:expr, $schema:tt) => {
        impl $crate::json::Shape for $name {
            fn read(value: &serde_json::Value, reader: &mut $crate::json::Reader) -> Option<Self> {
                let read = value.as_str().and_then(|text| $parse(text).ok());
                if read.is_none() {
                    reader.unfit(value, &|text| $parse(text).is_ok(), $allowed);
                }
                read
            }

            fn write(&self) -> serde_json::Value {
                self.to_string().into()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(_: &mut $crate::json::schema::Definitions) -> serde_json::Value {
                serde_json::json!($schema)
            }
        }
    };
}

/// Declares an enum whose JSON form is one of some words.
macro_rules! words {
    ($(
        $(#[$about:meta])*
        $vis:vis enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = $word:literal,)*
        }
    )*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every one, in order.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Their words, in the same order.
            $vis const WORDS: &'static [&'static str] = &[$($word),*];

            /// The one that a word is for.
            #[allow(dead_code, reason = "some are only ever read from documents")]
            #[must_use]
            $vis fn parse(text: &str) -> Option<Self> {
                let index = Self::WORDS.iter().position(|word| *word == text)?;
                Self::ALL.get(index).copied()
            }

            /// The word for it.
            #[allow(dead_code, reason = "some are only ever read from documents")]
            #[must_use]
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl $crate::json::Shape for $name {
            const CHOICES: &'static [&'static str] = Self::WORDS;

            fn read(
                value: &serde_json::Value,
                reader: &mut $crate::json::Reader,
            ) -> Option<Self> {
                reader.word(value, Self::WORDS).and_then(|index| Self::ALL.get(index).copied())
            }

            fn write(&self) -> serde_json::Value {
                self.as_str().into()
            }

            #[cfg(not(target_arch = "wasm32"))]
            fn schema(_: &mut $crate::json::schema::Definitions) -> serde_json::Value {
                serde_json::json!({"enum": Self::WORDS})
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

pub(crate) use {field, key, shape, text_shape, words};
