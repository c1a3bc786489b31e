//! Numbers between two, in steps.

/// Makes a number between two, in steps; another is `out_of_range`.
macro_rules! number {
    ($(#[$doc:meta])* $type:ident, $least:literal, $most:literal, $step:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $type(u32);

        impl $type {
            /// The number.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = <u32 as serde::Deserialize>::deserialize(deserializer)?;
                if ($least..=$most).contains(&number) && number.is_multiple_of($step) {
                    Ok(Self(number))
                } else {
                    Err(<D::Error as serde::de::Error>::custom("out_of_range"))
                }
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "integer", "minimum": $least, "maximum": $most, "multipleOf": $step,
                })
            }
        }
    };
}
pub(super) use number;
