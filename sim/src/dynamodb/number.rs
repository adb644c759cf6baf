//! Numbers: decimals of up to 38 digits, kept in the one form that DynamoDB returns.

use std::cmp::Ordering;

use super::error::Fault;

/// The most significant digits that a number has.
const DIGITS: u32 = 38;
const LARGEST_EXPONENT: i64 = 125;
const SMALLEST_EXPONENT: i64 = -130;

/// `coefficient` times ten to the power of `exponent`; the coefficient does not end with a zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    coefficient: i128,
    exponent: i64,
}

/// The number as DynamoDB returns it.
pub(super) fn canonical(text: &str) -> Result<String, Fault> {
    if is_small_canonical(text) {
        return Ok(text.to_owned());
    }
    Ok(Decimal::parse(text)?.to_text())
}

/// Compares two canonical numbers.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    match (small(a), small(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => match (Decimal::parse(a), Decimal::parse(b)) {
            (Ok(a), Ok(b)) => a.compare(b),
            _ => a.cmp(b),
        },
    }
}

/// The sum of two canonical numbers, or their difference.
pub(super) fn add(a: &str, b: &str, subtract: bool) -> Result<String, Fault> {
    if let (Some(a), Some(b)) = (small(a), small(b)) {
        // Neither has more than 18 digits.
        return Ok((if subtract { a - b } else { a + b }).to_string());
    }
    let (a, mut b) = (Decimal::parse(a)?, Decimal::parse(b)?);
    if subtract {
        b.coefficient = -b.coefficient;
    }
    Ok(a.plus(b)?.to_text())
}

/// Most numbers are whole and short.
fn small(text: &str) -> Option<i64> {
    (text.len() <= 18).then(|| text.parse().ok()).flatten()
}

fn is_small_canonical(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    match digits {
        [b'0'] => !text.starts_with('-'),
        [b'1'..=b'9', ..] => digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

impl Decimal {
    fn parse(text: &str) -> Result<Self, Fault> {
        let malformed = || {
            Fault::invalid(format!(
                "The parameter cannot be converted to a numeric value: {text}"
            ))
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().map_err(|_| malformed())?),
            None => (text, 0_i64),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if !digits().all(|byte| byte.is_ascii_digit()) || digits().count() == 0 {
            return Err(malformed());
        }
        let significant = [whole, fraction].concat();
        let zeros = significant.len() - significant.trim_end_matches('0').len();
        let kept = significant[..significant.len() - zeros].trim_start_matches('0');
        if kept.len() > DIGITS as usize {
            return Err(too_precise());
        }
        let magnitude = kept.parse().unwrap_or(0_i128);
        let coefficient = if mantissa.starts_with('-') {
            -magnitude
        } else {
            magnitude
        };
        let shift = i64::try_from(zeros).unwrap_or(0) - i64::try_from(fraction.len()).unwrap_or(0);
        Self::new(coefficient, exponent.saturating_add(shift))
    }

    fn new(mut coefficient: i128, mut exponent: i64) -> Result<Self, Fault> {
        if coefficient == 0 {
            exponent = 0;
        }
        while coefficient != 0 && coefficient % 10 == 0 {
            coefficient /= 10;
            exponent += 1;
        }
        let number = Self {
            coefficient,
            exponent,
        };
        if number.digits() > DIGITS {
            return Err(too_precise());
        }
        let leading = exponent.saturating_add(i64::from(number.digits()) - 1);
        if coefficient != 0 && !(SMALLEST_EXPONENT..=LARGEST_EXPONENT).contains(&leading) {
            return Err(Fault::invalid(
                "Number overflow. Attempting to store a number with magnitude outside of the supported range",
            ));
        }
        Ok(number)
    }

    fn digits(self) -> u32 {
        self.coefficient
            .unsigned_abs()
            .checked_ilog10()
            .unwrap_or(0)
            + 1
    }

    fn compare(self, other: Self) -> Ordering {
        let signs = self.coefficient.signum().cmp(&other.coefficient.signum());
        if signs != Ordering::Equal || self.coefficient == 0 {
            return signs;
        }
        let leading = |number: Self| number.exponent + i64::from(number.digits());
        let magnitude = leading(self).cmp(&leading(other)).then_with(|| {
            // As many digits before the point: both with as many digits as they can have.
            let filled = |n: Self| n.coefficient.unsigned_abs() * 10_u128.pow(DIGITS - n.digits());
            filled(self).cmp(&filled(other))
        });
        if self.coefficient < 0 {
            magnitude.reverse()
        } else {
            magnitude
        }
    }

    fn plus(self, other: Self) -> Result<Self, Fault> {
        let (low, high) = if self.exponent <= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        let sum = u32::try_from(high.exponent - low.exponent)
            .ok()
            .and_then(|shift| 10_i128.checked_pow(shift))
            .and_then(|factor| high.coefficient.checked_mul(factor))
            .and_then(|aligned| aligned.checked_add(low.coefficient));
        Self::new(sum.ok_or_else(too_precise)?, low.exponent)
    }

    fn to_text(self) -> String {
        let sign = if self.coefficient < 0 { "-" } else { "" };
        let digits = self.coefficient.unsigned_abs().to_string();
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        if self.exponent >= 0 {
            return format!("{sign}{digits}{}", "0".repeat(count(self.exponent)));
        }
        let fraction = count(-self.exponent);
        if fraction >= digits.len() {
            return format!("{sign}0.{}{digits}", "0".repeat(fraction - digits.len()));
        }
        let (whole, fraction) = digits.split_at(digits.len() - fraction);
        format!("{sign}{whole}.{fraction}")
    }
}

fn too_precise() -> Fault {
    Fault::invalid("Attempting to store more than 38 significant digits in a Number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        for (text, form) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("+1e3", "1000"),
            ("-12.5E-2", "-0.125"),
            (".5", "0.5"),
            (
                "99999999999999999999999999999999999999",
                "99999999999999999999999999999999999999",
            ),
        ] {
            assert_eq!(canonical(text).unwrap(), form, "{text}");
        }
        for text in [
            "",
            "-",
            "1_0",
            "x",
            "1e",
            "1e999",
            "1e-131",
            "0x1",
            "1".repeat(39).as_str(),
        ] {
            assert!(canonical(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let ordered = [
            "-1e30", "-20", "-3", "0", "1e-9", "0.5", "3", "20", "1e30", "1.1e30",
        ];
        let ordered = ordered.map(|text| canonical(text).unwrap());
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(add("2", "3", false).unwrap(), "5");
        assert_eq!(add("2", "3", true).unwrap(), "-1");
        assert_eq!(add("0.1", "0.2", false).unwrap(), "0.3");
        let large = "99999999999999999999";
        assert_eq!(add(large, "1", false).unwrap(), "100000000000000000000");
        assert!(add(&canonical("1e100").unwrap(), "1", false).is_err());
    }
}
