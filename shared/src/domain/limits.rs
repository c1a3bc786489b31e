//! How often a thing may be tried.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

/// At most `tries` in each window of `window_s` seconds, counted per account or per network.
///
/// Windows are fixed and begin at multiples of their length since 1970.
///
/// All are counted in `DynamoDB`. Each guards who somebody is (guesses at passwords, codes, links, second factors) or
/// costs money and trust (mails, text messages), and a count in the cache may be lost. One that guards neither may be
/// counted there.
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

/// Applying as a professional: somebody looks at each.
pub const APPLY_PER_ACCOUNT: Limit = limit("apply-account", 5, 24 * HOURS);

/// Codes by text message that one network may ask for: a mobile carrier puts thousands behind one.
pub const CODE_PER_NETWORK: Limit = limit("code-network", 300, HOURS);
/// Codes to one number from one network: who wants the same one again waits for half a minute.
pub const CODE_PER_NUMBER_AND_NETWORK: Limit = limit("code-pair", 2, MINUTES);
/// Codes to one number in an hour: what somebody needs whose telephone is slow. Counted apart are those that strangers
/// can cause, to sign in, and those that an account's owner asks for.
pub const CODE_PER_NUMBER: Limit = limit("code-number", 5, HOURS);
/// Codes to one number in a day: with five guesses at each, somebody who keeps guessing gets into one account of twenty
/// thousand a day.
pub const CODE_PER_NUMBER_AND_DAY: Limit = limit("code-number-day", 10, 24 * HOURS);
/// Codes to all numbers in a day, unless the parameter `SmsPerDay` says otherwise.
pub const CODE_PER_DAY: Limit = limit("code-day", 5_000, 24 * HOURS);
/// Text messages to one number that tell of its account: whoever causes them may earn by each.
pub const NOTICE_PER_NUMBER: Limit = limit("notice-number", 10, 24 * HOURS);
/// Guessing codes, per network.
pub const GUESS_PER_NETWORK: Limit = limit("guess-network", 600, HOURS);
/// Guessing second factors of one account: whoever does has its password or its phone. Counted apart are those who
/// sign in and those who are in: a thief of the password must not keep the owner from confirming what they do.
pub const FACTOR_PER_ACCOUNT: Limit = limit("factor-account", 10, 15 * MINUTES);
/// The same in a day: of an app's million codes three are good at any time, so somebody who keeps guessing at one gets
/// in once in twenty years.
pub const FACTOR_PER_ACCOUNT_AND_DAY: Limit = limit("factor-account-day", 40, 24 * HOURS);
/// Setting up, renewing and removing second factors: each is told to the owner.
pub const FACTOR_CHANGE_PER_ACCOUNT: Limit = limit("factor-change", 20, 24 * HOURS);
/// Proofs by passkeys, per network: begun and ended.
pub const PASSKEY_PER_NETWORK: Limit = limit("passkey-network", 600, HOURS);

/// Beginning and ending sign-ins at providers, per network: a mobile carrier puts thousands behind one.
pub const OIDC_PER_NETWORK: Limit = limit("oidc-network", 400, 15 * MINUTES);

/// Pictures of oneself: each is hashed, decoded and kept.
pub const UPLOAD_AVATAR: Limit = limit("upload-avatar", 20, 24 * HOURS);
/// What a professional shows of their work.
pub const UPLOAD_PORTFOLIO: Limit = limit("upload-portfolio", 100, 24 * HOURS);
/// Photos of what is to be done.
pub const UPLOAD_JOB_PHOTO: Limit = limit("upload-job-photo", 50, 24 * HOURS);
/// What is sent in conversations.
pub const UPLOAD_CHAT: Limit = limit("upload-chat", 100, 24 * HOURS);
/// Videos: each is many times what a picture is.
pub const UPLOAD_VIDEO: Limit = limit("upload-video", 10, 24 * HOURS);
/// Papers.
pub const UPLOAD_DOCUMENT: Limit = limit("upload-document", 20, 24 * HOURS);

/// Booking: each holds somebody's time for a while.
pub const BOOK_PER_ACCOUNT: Limit = limit("booking", 20, HOURS);
/// Wanting to pay: each asks Razorpay.
pub const PAY_PER_ACCOUNT: Limit = limit("payment", 30, HOURS);
/// Having a payment looked at: each asks Razorpay.
pub const VERIFY_PER_ACCOUNT: Limit = limit("payment-look", 100, HOURS);
/// Saying where one's earnings go: each asks Razorpay, and is told to the owner.
pub const PAYOUT_ACCOUNT_PER_ACCOUNT: Limit = limit("payout-account", 10, HOURS);
/// Posting jobs: each is offered to dozens.
pub const JOB_PER_ACCOUNT: Limit = limit("job", 10, 24 * HOURS);
/// Quoting for one job: the customer is told of each.
pub const QUOTE_PER_JOB: Limit = limit("quote", 5, 24 * HOURS);
/// Telling a professional of jobs: what comes beyond that they find in their list.
pub const OFFER_PER_PROFESSIONAL: Limit = limit("offer", 5, 24 * HOURS);
/// Giving codes that prove that the work begins or ends: of ten thousand one is right.
pub const CODE_PER_BOOKING: Limit = limit("booking-code", 8, 24 * HOURS);

/// Every limit, as the README's table lists them.
pub const ALL: [Limit; 37] = [
    BOOK_PER_ACCOUNT,
    PAY_PER_ACCOUNT,
    VERIFY_PER_ACCOUNT,
    PAYOUT_ACCOUNT_PER_ACCOUNT,
    JOB_PER_ACCOUNT,
    QUOTE_PER_JOB,
    OFFER_PER_PROFESSIONAL,
    CODE_PER_BOOKING,
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
    CODE_PER_NETWORK,
    CODE_PER_NUMBER_AND_NETWORK,
    CODE_PER_NUMBER,
    CODE_PER_NUMBER_AND_DAY,
    CODE_PER_DAY,
    NOTICE_PER_NUMBER,
    GUESS_PER_NETWORK,
    FACTOR_PER_ACCOUNT,
    FACTOR_PER_ACCOUNT_AND_DAY,
    FACTOR_CHANGE_PER_ACCOUNT,
    PASSKEY_PER_NETWORK,
    OIDC_PER_NETWORK,
    UPLOAD_AVATAR,
    UPLOAD_PORTFOLIO,
    UPLOAD_JOB_PHOTO,
    UPLOAD_CHAT,
    UPLOAD_DOCUMENT,
    UPLOAD_VIDEO,
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
