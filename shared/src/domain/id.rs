//! Ids: a prefix that says of what, and a `UUIDv7` that sorts by time ([TypeID 0.3](https://github.com/jetify-com/typeid)).

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, de};
use type_safe_id::{StaticType, TypeSafeId};

/// What an id is of; its prefix is `StaticType::TYPE`.
pub trait Kind: StaticType + Copy {}

/// An id of a `K`, written like `usr_01h455vb4pex5vsknk084sn02q`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id<K: Kind>(TypeSafeId<K>);

impl<K: Kind> Id<K> {
    /// An id from the milliseconds since 1970 and ten random bytes.
    #[must_use]
    pub fn new(millis: u64, random: &[u8; 10]) -> Self {
        Self(TypeSafeId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()))
    }

    /// The UUID in it.
    #[must_use]
    pub fn uuid(&self) -> uuid::Uuid {
        self.0.uuid()
    }

    /// The id around a UUID of ours.
    #[must_use]
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(TypeSafeId::from_uuid(uuid))
    }

    /// The id that belongs to nothing: what is looked up when there is nothing to look up, for the same cost.
    #[must_use]
    pub fn nobody() -> Self {
        Self(TypeSafeId::from_uuid(uuid::Uuid::nil()))
    }

    /// A number below `of`, spread evenly over ids.
    #[must_use]
    pub fn shard(&self, of: u8) -> u8 {
        self.0.uuid().as_bytes()[15] % of
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Written one way only: what parses but prints differently is not an id.
        match text.parse().map(Self) {
            Ok(id) if id.to_string() == text => Ok(id),
            _ => Err("invalid_id"),
        }
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<K: Kind> JsonSchema for Id<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Id_{}", K::TYPE).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": format!("^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$", K::TYPE),
            "examples": [format!("{}_01h455vb4pex5vsknk084sn02q", K::TYPE)],
        })
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal, $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $kind;
        impl StaticType for $kind {
            const TYPE: &'static str = $prefix;
        }
        impl Kind for $kind {}
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// A person with an account.
    User = "usr", UserId;
    /// One sign-in on one device.
    Session = "ses", SessionId;
    /// Something that a person proves once by a secret sent to them.
    Challenge = "chg", ChallengeId;
    /// What ties a registration to the browser that began it.
    Registration = "reg", RegistrationId;
    /// A second factor of a person.
    Factor = "fac", FactorId;
    /// A person at a provider of OpenID Connect.
    Identity = "idn", IdentityId;
    /// A file that somebody uploaded.
    Media = "med", MediaId;
    /// Somebody who offers services.
    Professional = "pro", ProfessionalId;
    /// What a professional does for a fixed price.
    Service = "svc", ServiceId;
    /// An agreement that somebody comes at some time.
    Booking = "bkg", BookingId;
    /// Something that a customer wants done.
    Job = "job", JobId;
    /// What a professional would do a job for.
    Quote = "quo", QuoteId;
    /// What a customer pays for a booking, or puts into their wallet.
    Payment = "pay", PaymentId;
    /// Credits that were given together.
    Credit = "crd", CreditId;
    /// What somebody is told that they owe, or paid.
    Invoice = "inv", InvoiceId;
    /// Something written down in the audit log.
    Audit = "aud", AuditId;
    /// Something in the outbox.
    Message = "msg", MessageId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_one_way_and_sort_by_time() {
        let id = UserId::new(1_700_000_000_000, &[7; 10]);
        assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        assert!(id < UserId::new(1_700_000_000_001, &[0; 10]));
        assert!(id.to_string().to_uppercase().parse::<UserId>().is_err());
        assert!(id.to_string().parse::<SessionId>().is_err());
        for broken in ["", "usr_", "usr_é1h455vb4pex5vsknk084sn02q", "usr_81h455vb4pex5vsknk084sn02q"] {
            assert!(broken.parse::<UserId>().is_err(), "{broken}");
        }
    }
}
