//! How often a thing may be tried.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

/// At most `tries` in each window of `window_s` seconds, counted per account or per network.
///
/// Windows are fixed and begin at multiples of their length since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Its name in the `RateLimit` headers and in the Limits table.
    pub name: &'static str,
    /// How many are let through.
    pub tries: u32,
    /// For how many seconds they are counted together.
    pub window_s: i64,
}

const MINUTES: i64 = 60;
const HOURS: i64 = 60 * MINUTES;

const fn limit(name: &'static str, tries: u32, window_s: i64) -> Limit {
    Limit { name, tries, window_s }
}

/// Guessing a password from one network: what a person needs who mistypes.
pub const LOGIN_PER_ADDRESS_AND_NETWORK: Limit = limit("login-pair", 10, 15 * MINUTES);
/// Guessing a password from many networks: wide, or anybody could lock anybody out.
pub const LOGIN_PER_ADDRESS: Limit = limit("login-address", 100, 15 * MINUTES);
/// Guessing passwords, per network: a mobile carrier puts thousands behind one.
pub const LOGIN_PER_NETWORK: Limit = limit("login-network", 200, 15 * MINUTES);
/// Mails of any kind that one network may cause.
pub const MAIL_PER_NETWORK: Limit = limit("mail-network", 100, HOURS);
/// Mails to one address, counted by kind: what strangers cause by registering must not use up the owner's way back.
pub const REGISTER_PER_ADDRESS: Limit = limit("register-address", 5, HOURS);
/// The same for new links.
pub const VERIFY_PER_ADDRESS: Limit = limit("verify-address", 5, HOURS);
/// The same for forgotten passwords.
pub const FORGOT_PER_ADDRESS: Limit = limit("forgot-address", 5, HOURS);
/// The same for addresses that accounts want to move to.
pub const MOVE_PER_ADDRESS: Limit = limit("move-address", 5, HOURS);
/// How often one account may ask to move: each move can be taken back for a week.
pub const MOVE_PER_ACCOUNT: Limit = limit("move-account", 10, 7 * 24 * HOURS);
/// Guessing the tokens of mailed links, per network.
pub const LINK_PER_NETWORK: Limit = limit("link-network", 100, 15 * MINUTES);
/// Asking a signed-in person's password again, per account.
pub const PASSWORD_PER_ACCOUNT: Limit = limit("password-account", 10, 15 * MINUTES);

/// Every limit, as the README's table lists them.
pub const ALL: [Limit; 11] = [
    LOGIN_PER_ADDRESS_AND_NETWORK,
    LOGIN_PER_ADDRESS,
    LOGIN_PER_NETWORK,
    MAIL_PER_NETWORK,
    REGISTER_PER_ADDRESS,
    VERIFY_PER_ADDRESS,
    FORGOT_PER_ADDRESS,
    MOVE_PER_ADDRESS,
    MOVE_PER_ACCOUNT,
    LINK_PER_NETWORK,
    PASSWORD_PER_ACCOUNT,
];

impl Limit {
    /// The number of the window that `now` is in.
    #[must_use]
    pub fn window(&self, now: Timestamp) -> i64 {
        now.as_second().div_euclid(self.window_s)
    }

    /// How long until the next window, at least a second.
    #[must_use]
    pub fn resets_in(&self, now: Timestamp) -> SignedDuration {
        let end = (self.window(now) + 1) * self.window_s;
        SignedDuration::from_secs((end - now.as_second()).max(1))
    }
}

/// The network that a caller counts as: an IPv4 address itself, of IPv6 the /64 that one customer gets.
#[must_use]
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_of_ipv6_is_one_network() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.7"), of("203.0.113.7"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }

    #[test]
    fn windows_follow_each_other_without_a_gap() {
        let limit = limit("test", 1, 900);
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let reset = now + limit.resets_in(now);
        assert_eq!(limit.window(reset), limit.window(now) + 1);
        assert_eq!(limit.window(reset - SignedDuration::from_secs(1)), limit.window(now));
    }
}
