//! Amounts of money as India writes them: groups of three digits, and then of two.

/// An amount of paise in rupees, such as `₹1,49,900.00`; of less than nothing, `-₹0.50`. Digits are 0 to 9 in each language.
#[must_use]
pub fn rupees(paise: i64) -> String {
    let (sign, amount) = (if paise < 0 { "-" } else { "" }, paise.unsigned_abs());
    format!("{sign}₹{}.{:02}", grouped(&(amount / 100).to_string()), amount % 100)
}

/// Digits with a comma before the last three, and before each two of the others.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 3 / 2);
    for (left, digit) in (1..=digits.len()).rev().zip(digits.chars()) {
        if left >= 3 && left % 2 == 1 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::Config};

    use super::*;

    #[test]
    fn a_comma_stands_before_a_thousand_a_lakh_and_a_crore() {
        for (paise, text) in [
            (0, "₹0.00"),
            (1, "₹0.01"),
            (99, "₹0.99"),
            (100, "₹1.00"),
            (99_999, "₹999.99"),
            (100_000, "₹1,000.00"),
            (9_999_999, "₹99,999.99"),
            (10_000_000, "₹1,00,000.00"),
            (14_990_000, "₹1,49,900.00"),
            (999_999_999, "₹99,99,999.99"),
            (1_000_000_000, "₹1,00,00,000.00"),
            (100_000_000_000, "₹1,00,00,00,000.00"),
            (-1, "-₹0.01"),
            (-100_000, "-₹1,000.00"),
            (-14_990_050, "-₹1,49,900.50"),
            (i64::MAX, "₹92,23,37,20,36,85,47,758.07"),
            (i64::MIN, "-₹92,23,37,20,36,85,47,758.08"),
        ] {
            assert_eq!(rupees(paise), text, "{paise}");
        }
    }

    proptest! {
        #![proptest_config(Config::with_cases(20_000))]

        /// Over all lengths, and not for the longest numbers alone.
        #[test]
        fn what_is_written_reads_back_as_the_amount(paise in any::<i64>(), shift in 0_u32..64) {
            let paise = paise >> shift;
            let text = rupees(paise);
            let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
            prop_assert_eq!(digits.parse::<i64>().unwrap(), paise, "{}", text);
        }

        #[test]
        fn groups_are_of_two_digits_and_the_last_is_of_three(paise in any::<i64>(), shift in 0_u32..64) {
            let text = rupees(paise >> shift);
            let (whole, part) = text.trim_start_matches('-').strip_prefix('₹').unwrap().split_once('.').unwrap();
            prop_assert!(part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()), "{}", text);
            let groups: Vec<&str> = whole.split(',').collect();
            let (last, before) = groups.split_last().unwrap();
            prop_assert!(groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit())), "{}", text);
            match before {
                [] => prop_assert!((1..=3).contains(&last.len()), "{}", text),
                [first, rest @ ..] => {
                    prop_assert!(last.len() == 3 && (1..=2).contains(&first.len()), "{}", text);
                    prop_assert!(rest.iter().all(|group| group.len() == 2), "{}", text);
                }
            }
            // No number begins with a nought but nought itself.
            prop_assert!(whole == "0" || !whole.starts_with('0'), "{}", text);
        }
    }
}
