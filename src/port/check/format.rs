//! Port's formats of texts and objects.
//!
//! In: a value and the name of a format. Out: what the format wants, where the value is not that. What Port holds the
//! content of `markdown`, `yaml` and `proto` against is not documented; any text will do.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};
use url::Url;

use super::identifier::{self, MAX_IDENTIFIER};

/// What a format wants, and how to write it.
pub(super) type Unmet = (&'static str, &'static str);

/// What a format wants; unknown formats and formats of another type want nothing.
pub(super) fn unmet(value: &Value, format: &str) -> Option<Unmet> {
    let (is_met, wanted, help) = match (value, format) {
        (Value::String(text), "url") => (
            is_url(text),
            "a URL",
            "write an absolute address such as https://example.com/shop; other characters than ASCII letters, digits \
             and -._~:/?#[]@!$&'()*+,;= are written as %20",
        ),
        (Value::String(text), "email" | "user") => (
            is_email(text),
            "an e-mail address",
            "write an address such as team@example.com",
        ),
        (Value::String(text), "idn-email") => (
            is_idn_email(text),
            "an e-mail address",
            "write an address such as team@example.com",
        ),
        (Value::String(text), "date-time" | "timer") => (
            is_date_time(text),
            "a date with time and zone",
            "write it like 2024-05-31T12:00:00Z",
        ),
        (Value::String(text), "ipv4") => (
            text.parse::<Ipv4Addr>().is_ok(),
            "an IPv4 address",
            "write it like 192.0.2.1",
        ),
        (Value::String(text), "ipv6") => (
            text.parse::<Ipv6Addr>().is_ok(),
            "an IPv6 address",
            "write it like 2001:db8::1",
        ),
        (Value::String(text), "team") => (
            is_team(text),
            "a team of Port",
            "write the identifier of the team",
        ),
        (Value::String(text), "blueprints") => (
            identifier::fault(text, super::blueprint::MAX_NAME, false).is_none(),
            "the identifier of a blueprint",
            "write an identifier such as component",
        ),
        (Value::Object(map), "labeled-url") => (
            is_labeled_url(map),
            "an object of `url` and `displayText`",
            "give `url` an absolute address and `displayText` a text",
        ),
        _ => return None,
    };
    (!is_met).then_some((wanted, help))
}

/// Whether a text can be a team: teams are known by identifiers, older ones by their names.
pub(super) fn is_team(text: &str) -> bool {
    identifier::fault(text, MAX_IDENTIFIER, true).is_none() || identifier::is_team_name(text)
}

/// An absolute URL to everybody: to browsers (WHATWG), and by the letters of RFC 3986, which validators go by.
pub(super) fn is_url(text: &str) -> bool {
    if is_web_address(text) {
        return true;
    }
    is_uri(text) && Url::parse(text).is_ok()
}

fn is_uri(text: &str) -> bool {
    // RFC 3986, appendix A; what stands in brackets, the port and the host are left to the parser.
    static URI: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let pchar = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
        let name = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})";
        let authority = format!(r"(?:(?:{name}|:)*@)?(?:\[[0-9A-Fa-f:.]+\]|{name}*)(?::[0-9]*)?");
        let path = format!(r"(?://{authority}(?:/{pchar}*)*|/?(?:{pchar}+(?:/{pchar}*)*)?)");
        let more = format!(r"(?:\?(?:{pchar}|[/?])*)?(?:#(?:{pchar}|[/?])*)?");
        Regex::new(&format!(r"\A[A-Za-z][A-Za-z0-9+.-]*:{path}{more}\z")).ok()
    });
    URI.as_ref().is_some_and(|uri| uri.is_match(text))
}

/// Whether a text is a URL as nearly all are: of the web, with a name of plain words for a host, and nothing in its path
/// that has to be looked at twice.
fn is_web_address(text: &str) -> bool {
    // What begins with a letter is no number, and no part of an IPv4 address; two hyphens may be Punycode.
    let is_label = |label: &str| {
        label.starts_with(|char: char| char.is_ascii_lowercase())
            && !label.contains("--")
            && label
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let rest = text.strip_prefix("http");
    let rest = rest.map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) else {
        return false;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    host.len() < 64
        && host.split('.').all(is_label)
        && path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/-._~?&=+,:@".contains(&b))
}

/// `local@domain` as ajv-formats checks it, which Port's API is built on: dots inside both parts, never at their ends,
/// and at least one in the domain.
pub(super) fn is_email(text: &str) -> bool {
    text.is_ascii() && is_idn_email(text)
}

/// The same with characters outside ASCII.
fn is_idn_email(text: &str) -> bool {
    let is_foreign = |char: char| !char.is_ascii() && !char.is_control() && !char.is_whitespace();
    let is_local = |char: char| {
        char.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(char) || is_foreign(char)
    };
    let is_domain = |char: char| char.is_ascii_alphanumeric() || char == '-' || is_foreign(char);
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_local))
        && domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(is_domain)
        })
}

/// RFC 3339 `date-time`: a day that exists, a time with a second that may be a leap second, and a zone.
fn is_date_time(text: &str) -> bool {
    date_time(text.as_bytes()).is_some()
}

fn date_time(text: &[u8]) -> Option<()> {
    /// Minutes.
    const DAY: u32 = 24 * 60;
    let (date, time) = (text.get(..10)?, text.get(11..19)?);
    let [year, month, day] = [&date[..4], &date[5..7], &date[8..]].map(number);
    let (year, month, day) = (year?, month?, day?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let [hour, minute, second] = [&time[..2], &time[3..5], &time[6..]].map(number);
    let is_valid = date[4] == b'-'
        && date[7] == b'-'
        && matches!(text[10], b'T' | b't')
        && time[2] == b':'
        && time[5] == b':'
        && (1..=days).contains(&day)
        && hour? < 24
        && minute? < 60
        && second? <= 60;
    is_valid.then_some(())?;
    let minutes = hour? * 60 + minute?;
    let mut zone = &text[19..];
    if let Some(fraction) = zone.strip_prefix(b".") {
        let digits = fraction
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        (digits > 0).then_some(())?;
        zone = &fraction[digits..];
    }
    let offset = match zone {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), offset @ ..] if offset.len() == 5 && offset[2] == b':' => {
            let (hours, minutes) = (number(&offset[..2])?, number(&offset[3..])?);
            (hours < 24 && minutes < 60).then_some(())?;
            let offset = hours * 60 + minutes;
            // To UTC: what is ahead goes back.
            if *sign == b'+' { DAY - offset } else { offset }
        }
        _ => return None,
    };
    // Leap seconds end a day of UTC.
    (second? < 60 || (minutes + offset) % DAY == DAY - 1).then_some(())
}

/// A number of digits only, unlike what `str::parse` takes.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

fn is_labeled_url(map: &Map<String, Value>) -> bool {
    map.get("url").and_then(Value::as_str).is_some_and(is_url)
        && map.get("displayText").is_none_or(Value::is_string)
        && map
            .keys()
            .all(|key| matches!(key.as_str(), "url" | "displayText"))
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};
    use url::Url;

    use super::{is_date_time, is_email, is_idn_email, is_uri, is_url, is_web_address};

    proptest! {
        #[test]
        fn an_address_of_the_web_is_a_url_to_everybody(
            host in "[a-z0-9.:x-]{0,12}(\\.[a-z0-9-]{1,4})?",
            path in "[a-zA-Z0-9/._~?&=+,:@%#-]{0,10}",
        ) {
            for text in [format!("https://{host}"), format!("http://{host}/{path}")] {
                prop_assert!(!is_web_address(&text) || (is_uri(&text) && Url::parse(&text).is_ok()), "{text}");
            }
        }
    }

    #[test]
    fn urls() {
        assert!(is_web_address("https://wiki.acme.example/shop?page=1"));
        for good in [
            "https://a.example/x?y#z",
            "mailto:a@b.example",
            "https://xn--4ca.example/%C3%A4",
            "http://localhost:8080",
            "https://[::1]:80/",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "/a",
            "//a.example",
            "https://",
            " https://a.example",
            "https://a.example/a b",
            "https://ä.example",
            "https://a.example/{id}",
            "https://a.example/%",
            "https://a.example/#a#b",
            "https://[::1/",
            "https://a.example:99999",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn email_addresses() {
        for good in ["a@b.example", "a.b+c@d-e.example"] {
            assert!(is_email(good) && is_idn_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a..b@c.example",
            "a@b@c.example",
            "a@-b.example",
            "ä@b.example",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_idn_email("ä@ö.example") && !is_idn_email("a b@c.example"));
    }

    #[test]
    fn dates() {
        for good in [
            "2024-02-29T00:00:00Z",
            "2024-05-31t23:59:60.123z",
            "2000-02-29T12:00:00+05:30",
            "2016-12-31T23:59:60Z",
            "2017-01-01T05:29:60+05:30",
            "2016-12-31T18:59:60-05:00",
        ] {
            assert!(is_date_time(good), "{good}");
        }
        for bad in [
            "",
            "2024-05-31",
            "2024-05-31T12:00:00",
            "2024-05-31 12:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T12:00:60Z",
            "2024-01-01T23:59:60+01:00",
            "2024-01-01T00:00:00+0530",
            "2024-01-01T00:00:00Zx",
            "+024-01-01T00:00:00Z",
            "2024-01-01Té0:00:00Z",
        ] {
            assert!(!is_date_time(bad), "{bad}");
        }
    }
}
