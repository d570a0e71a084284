//! Values that look like secrets.
//!
//! In: an entity. Out: findings that say where and what kind, and never repeat a value. Precision comes before recall: what
//! has the form of a credential of a known issuer is told wherever it stands; a value is suspected for its key alone only
//! where it also looks random. API definitions are full of examples, so only the former is looked for in them.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::Regex;
use serde_json::Value;
use url::Url;

use super::annotations;
use crate::backstage::Entity;
use crate::backstage::field::field;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, quoted};
use crate::source::{FieldPath, Segment, Way};

/// Looks at all texts of an entity.
pub(super) fn check(entity: &Entity, found: &mut Diagnostics) {
    for part in ["metadata", "spec"] {
        if let Some(value) = field(&entity.value, part) {
            let mut search = Search { entity, found };
            search.value(value, part, Trust::Text, &Way::Root.key(part));
        }
    }
}

/// A text for a message; not repeated where it holds a secret.
pub(super) fn shown(text: &str) -> String {
    let has_password = Url::parse(text).is_ok_and(|url| url.password().is_some());
    if has_password || credential(text, Trust::Text).is_some() {
        "`…` (a secret)".to_owned()
    } else {
        quoted(text)
    }
}

/// The shortest text, and the shortest word in it, that is a secret.
const SHORTEST: usize = 16;

/// What stands around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Fields of an entity.
    Text,
    /// A document with examples in it.
    Document,
}

struct Search<'a> {
    entity: &'a Entity,
    found: &'a mut Diagnostics,
}

impl Search<'_> {
    fn value(&mut self, value: &Value, key: &str, trust: Trust, way: &Way<'_>) {
        match value {
            Value::String(text) if text.len() < SHORTEST => {}
            Value::String(text) => {
                if let Some(what) = credential(text, trust).or_else(|| named(key, text, trust)) {
                    self.tell(what, way.path(), text);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, key, trust, &way.index(index));
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let trust = if key == "definition" {
                        Trust::Document
                    } else {
                        trust
                    };
                    self.value(value, key, trust, &way.key(key));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn tell(&mut self, what: &str, field: FieldPath, text: &str) {
        let exposed = Diagnostic::new(
            Code::ExposedSecret,
            format!("`{field}` holds what looks like {what}"),
        )
        // The key of a long text: its value would fill the report.
        .at(match field.0.last() {
            Some(Segment::Key(_)) if text.contains('\n') => self.entity.origin.key(field),
            _ => self.entity.origin.value(field),
        })
        .help(
            "whoever reads the catalog or the repository can read it: revoke it, and write where it is kept instead",
        );
        self.found.push(exposed);
    }
}

/// A form that credentials of an issuer have.
struct Form {
    what: &'static str,
    /// Every such credential has one of these in it.
    marks: &'static [&'static str],
    pattern: &'static str,
    /// The pattern once it is needed: to compile them all would take longer than to read a small repository.
    regex: OnceLock<Option<Regex>>,
    /// Whether it is told in documents with examples as well.
    is_unmistakable: bool,
}

impl Form {
    const fn new(
        what: &'static str,
        marks: &'static [&'static str],
        pattern: &'static str,
        is_unmistakable: bool,
    ) -> Self {
        Self {
            what,
            marks,
            pattern,
            regex: OnceLock::new(),
            is_unmistakable,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let regex = self.regex.get_or_init(|| Regex::new(self.pattern).ok());
        let mut found = regex.iter().flat_map(|regex| regex.find_iter(text));
        found.any(|found| !is_example(found.as_str()))
    }
}

const fn sure(what: &'static str, marks: &'static [&'static str], pattern: &'static str) -> Form {
    Form::new(what, marks, pattern, true)
}

/// The forms, as their issuers document them. Whatever a pattern matches has a word of [`SHORTEST`] characters in it, and
/// but for private keys no white space; see [`may_be_issued`].
static FORMS: [Form; 17] = [
    sure(
        "a private key",
        &["PRIVATE KEY"],
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[ \t\r\n]|\\[nr])*[A-Za-z0-9+/]{40}",
    ),
    sure(
        "a key of AWS",
        &["AKIA", "ASIA"],
        r"(?-u:\b)(?:AKIA|ASIA)[A-Z2-7]{16}(?-u:\b)",
    ),
    sure(
        "a token of GitHub",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"(?-u:\b)gh[pousr]_[A-Za-z0-9]{36,}",
    ),
    sure(
        "a token of GitHub",
        &["github_pat_"],
        r"(?-u:\b)github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    sure(
        "a token of GitLab",
        &["glpat-", "gldt-", "glrt-", "glptt-"],
        r"(?-u:\b)gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,}",
    ),
    sure(
        "a token of Slack",
        &["xoxa", "xoxb", "xoxe", "xoxp", "xoxr", "xoxs"],
        r"(?-u:\b)xox[abeprs](?:\.xox[bp])?-[0-9]{1,13}-[A-Za-z0-9-]{20,}",
    ),
    sure(
        "a webhook of Slack",
        &["hooks.slack.com/"],
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{16,}",
    ),
    sure(
        "a webhook of Discord",
        &["/api/webhooks/"],
        r"https://discord(?:app)?\.com/api/webhooks/[0-9]{17,20}/[A-Za-z0-9_-]{60,}",
    ),
    sure(
        "a key of Google",
        &["AIza"],
        r"(?-u:\b)AIza[A-Za-z0-9_-]{35}(?-u:\b)",
    ),
    sure(
        "a key of Stripe",
        &["sk_live_", "rk_live_"],
        r"(?-u:\b)[rs]k_live_[A-Za-z0-9]{20,}",
    ),
    sure(
        "a token of npm",
        &["npm_"],
        r"(?-u:\b)npm_[A-Za-z0-9]{36}(?-u:\b)",
    ),
    sure(
        "a token of PyPI",
        &["pypi-AgEI"],
        r"(?-u:\b)pypi-AgEI[A-Za-z0-9_-]{50,}",
    ),
    sure(
        "a key of SendGrid",
        &["SG."],
        r"(?-u:\b)SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    sure(
        "a token of HashiCorp Vault",
        &["hvs."],
        r"(?-u:\b)hvs\.[A-Za-z0-9_-]{24,}",
    ),
    sure(
        "a token of DigitalOcean",
        &["doo_v1_", "dop_v1_", "dor_v1_"],
        r"(?-u:\b)do[opr]_v1_[a-f0-9]{64}(?-u:\b)",
    ),
    sure(
        "a key of Azure storage",
        &["AccountKey="],
        r"AccountKey=[A-Za-z0-9+/]{86}==",
    ),
    Form::new(
        "a JSON Web Token",
        &[".eyJ"],
        r"(?-u:\b)eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
        false,
    ),
];

/// The marks of all forms, and the form of each.
static MARKS: LazyLock<Option<(AhoCorasick, Vec<&Form>)>> = LazyLock::new(|| {
    let marks = FORMS
        .iter()
        .flat_map(|form| form.marks.iter().map(move |mark| (*mark, form)));
    let (marks, forms): (Vec<&str>, Vec<&Form>) = marks.unzip();
    Some((AhoCorasick::new(marks).ok()?, forms))
});

/// What a text holds, if it has the form of a credential.
fn credential(text: &str, trust: Trust) -> Option<&'static str> {
    if text.len() < SHORTEST {
        return None;
    }
    issued(text, trust).or_else(|| {
        (trust == Trust::Text && has_password(text)).then_some("an address with a password")
    })
}

/// The end of the first word of some length that starts behind `start`, of characters that credentials are made of. What
/// people write rarely has a long one, and to see that takes a look at every tenth byte or so.
fn long_word(text: &str, mut start: usize, length: usize) -> Option<usize> {
    const IS_PART: [bool; 256] = {
        let mut is_part = [false; 256];
        let mut char = 0_u8;
        loop {
            is_part[char as usize] =
                char.is_ascii_alphanumeric() || matches!(char, b'_' | b'-' | b'+' | b'/');
            if char == u8::MAX {
                break;
            }
            char += 1;
        }
        is_part
    };
    while let Some(word) = text.as_bytes().get(start..start + length) {
        // From its end: a byte that belongs to no word moves the start behind itself.
        match word.iter().rposition(|byte| !IS_PART[usize::from(*byte)]) {
            Some(at) => start += at + 1,
            None => return Some(start + length),
        }
    }
    None
}

/// Whether a mark of a form may have its credential behind it: it stands in one piece with a long word, but for private
/// keys, which begin on a line of their own and have longer words.
fn may_be_issued(text: &str, marks: &AhoCorasick) -> bool {
    const OF_PRIVATE_KEYS: usize = 40;
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let bytes = text.as_bytes();
    let mut start = 0;
    while let Some(found) = long_word(text, start, SHORTEST) {
        let before = bytes[..found].iter().rposition(is_space);
        let from = before.map_or(0, |at| at + 1);
        let to = bytes[found..].iter().position(is_space);
        let to = to.map_or(bytes.len(), |at| found + at);
        if marks.is_match(&bytes[from..to]) {
            return true;
        }
        start = to;
    }
    long_word(text, 0, OF_PRIVATE_KEYS).is_some() && marks.is_match(text)
}

/// What a text holds, if it has the form that an issuer gives its credentials.
fn issued(text: &str, trust: Trust) -> Option<&'static str> {
    let (marks, forms) = MARKS.as_ref()?;
    if !may_be_issued(text, marks) {
        return None;
    }
    let mut last = None;
    marks.find_iter(text).find_map(|mark| {
        let form = *forms.get(mark.pattern().as_usize())?;
        // A form is looked for in the whole text, so once is enough; most texts with marks have those of one form.
        let is_new = last.replace(form.what) != Some(form.what);
        (is_new && (form.is_unmistakable || trust == Trust::Text) && form.is_in(text))
            .then_some(form.what)
    })
}

/// Whether a text holds an address with a password: `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    if !text.contains('@') {
        return false;
    }
    let after = text
        .match_indices("://")
        .map(|(at, mark)| &text[at + mark.len()..]);
    let ends = |char: char| char.is_whitespace() || "/?#\"'<>`".contains(char);
    after
        .filter_map(|rest| rest[..rest.find(ends).unwrap_or(rest.len())].rsplit_once('@'))
        .filter(|(_, host)| host.starts_with(|char: char| char.is_alphanumeric() || char == '['))
        .filter_map(|(user, _)| user.split_once(':'))
        .any(|(user, password)| {
            const SHORTEST: usize = 4;
            /// What examples have in this place.
            const WORDS: &[&str] = &[
                "password", "passwd", "pass", "pwd", "token", "secret", "user",
            ];
            password.len() >= SHORTEST
                && !user.is_empty()
                && !password.starts_with(['$', '%', ':'])
                && !WORDS.contains(&password.to_ascii_lowercase().as_str())
                && !is_example(user)
                && !is_made_up(password)
        })
}

/// What a text is, if its key says that it is secret and it looks it.
fn named(key: &str, text: &str, trust: Trust) -> Option<&'static str> {
    /// Ends of such keys, without separators.
    const KEYS: &[(&str, &str)] = &[
        ("password", "a password"),
        ("passwd", "a password"),
        ("passphrase", "a password"),
        ("secret", "a secret"),
        ("token", "a token"),
        ("apikey", "a key"),
        ("accesskey", "a key"),
        ("secretkey", "a key"),
        ("privatekey", "a key"),
    ];
    if trust == Trust::Document {
        return None;
    }
    let ends_with = |end: &str| {
        let mut letters = key.bytes().rev().filter(u8::is_ascii_alphanumeric);
        let mut its = || letters.next().map(|byte| byte.to_ascii_lowercase());
        end.bytes().rev().all(|byte| its() == Some(byte))
    };
    let (_, what) = KEYS.iter().find(|(end, _)| ends_with(end))?;
    (is_random(text) && !annotations::is_annotation(key) && !is_example(text)).then_some(what)
}

/// Whether a text looks as if nobody had thought it up: one word that mixes digits with letters, long enough for a key.
/// Names of secrets (`shop-db-password-v2`) and addresses of them (`vault:secret/shop`) do not.
fn is_random(text: &str) -> bool {
    const DIGITS: usize = 3;
    if text.len() < SHORTEST || text.contains(char::is_whitespace) || text.contains("://") {
        return false;
    }
    text.split(['-', '_', '.', '/', ':', '=']).any(|word| {
        let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
        word.len() >= SHORTEST
            && word.is_ascii()
            && count(u8::is_ascii_digit) >= DIGITS
            && count(u8::is_ascii_alphabetic) >= DIGITS
    })
}

/// Whether a credential is made up for an example, or a place for one.
fn is_example(text: &str) -> bool {
    /// Fewer different characters than this in a long text: somebody leaned on the keyboard.
    const DIFFERENT: usize = 8;
    let mut different = text.as_bytes().to_ascii_lowercase();
    different.sort_unstable();
    different.dedup();
    (text.len() > 2 * DIFFERENT && different.len() < DIFFERENT) || is_made_up(text)
}

/// Whether a text holds what people write where a secret would stand.
fn is_made_up(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "xxx",
        "0000",
        "1234",
        "abcd",
        "your",
        "placeholder",
        "redacted",
        "dummy",
        "sample",
        "changeme",
        "change_me",
        "change-me",
        "secret",
        "***",
        "...",
        "${",
        "{{",
        "$(",
        "<",
        "{",
        // The token that jwt.io shows.
        "eyjzdwiioiixmjm0nty3odkw",
    ];
    let folded = text.to_ascii_lowercase();
    WORDS.iter().any(|word| folded.contains(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lint::tests::{diagnostics, found};

    /// Credentials that nobody has, put together here so that no file of this repository holds one.
    fn made_up() -> Vec<(&'static str, String)> {
        let random = "q7Rk2Zp9Wx4Lm8Tv3Ny6Bc5Hd1Jf0Gs7Qa2Ke9UiOwEtYrPl";
        let upper: String = "Q7RKZPWXLMTVNYBCHDJF".replace('7', "3");
        let take = |count: usize| &random[..count];
        vec![
            (
                "a private key",
                format!("-----BEGIN RSA PRIVATE KEY-----\n{random}"),
            ),
            ("a key of AWS", format!("AKIA{}", &upper[..16])),
            ("a token of GitHub", format!("ghp_{}", take(36))),
            ("a token of GitLab", format!("glpat-{}", take(20))),
            (
                "a token of Slack",
                format!("xoxb-987654321098-{}", take(24)),
            ),
            (
                "a webhook of Slack",
                format!(
                    "https://hooks.slack.com/services/T{}/B{}/{}",
                    &upper[..9],
                    &upper[2..11],
                    take(24)
                ),
            ),
            ("a key of Google", format!("AIza{}", take(35))),
            ("a key of Stripe", format!("sk_live_{}", take(24))),
            ("a token of npm", format!("npm_{}", take(36))),
            ("a token of HashiCorp Vault", format!("hvs.{}", take(24))),
            (
                "a token of GitHub",
                format!("github_pat_{}_{}{}", take(22), take(40), take(19)),
            ),
            (
                "a webhook of Discord",
                format!(
                    "https://discord.com/api/webhooks/98765432109876543/{}{}",
                    take(40),
                    take(28)
                ),
            ),
            (
                "a token of PyPI",
                format!("pypi-AgEI{}{}", take(40), take(20)),
            ),
            ("a key of SendGrid", format!("SG.{}.{}", take(22), take(43))),
            (
                "a token of DigitalOcean",
                format!("dop_v1_{}", "3f9a7c2e8b5d1604".repeat(4)),
            ),
            (
                "a key of Azure storage",
                format!("AccountKey={}{}==", take(48), take(38)),
            ),
            (
                "a JSON Web Token",
                format!("eyJ{}.eyJ{}.{}", take(12), take(12), take(24)),
            ),
            (
                "an address with a password",
                format!("see postgres://shop:{}@db.acme.com/x", take(9)),
            ),
        ]
    }

    #[test]
    fn credentials_are_told_and_never_repeated() {
        for (what, text) in made_up() {
            let entity = json!({"metadata": {"name": "a", "description": text}});
            assert_eq!(
                found(&entity),
                ["exposed-secret metadata.description"],
                "{what}"
            );
            for found in diagnostics(&entity) {
                let expected = format!("`metadata.description` holds what looks like {what}");
                assert_eq!(*found.message, expected);
            }
        }
    }

    #[test]
    fn every_credential_may_be_one_among_other_words() {
        let made_up = made_up();
        for form in &FORMS {
            let mut made_up = made_up.iter();
            assert!(made_up.any(|(what, _)| *what == form.what), "{}", form.what);
        }
        for (what, text) in made_up {
            let text = format!("sixteen-letters0 or\n{text} , but ask sixteen-letters1");
            assert_eq!(credential(&text, Trust::Text), Some(what), "{text}");
        }
        let ordinary = "a text whose words are fifteen-letters/ long at most";
        assert_eq!(long_word(ordinary, 0, SHORTEST), Some(39));
        assert_eq!(long_word(ordinary, 39, SHORTEST), None);
    }

    #[test]
    fn examples_are_no_credentials() {
        for text in [
            concat!("AKIA", "IOSFODNN7EXAMPLE"),
            concat!(
                "https://hooks.slack.com/services/",
                "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
            ),
            "postgres://user:password@localhost:5432/shop",
            "https://${USER}:${PASSWORD}@acme.com",
            "https://user:<token>@acme.com",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "http://acme.com:8080/@shop",
            "git@github.com:acme/shop.git",
            "https://acme.com/x?mail=a:b@acme.com",
            "ssh://git@acme.com:2222/shop.git",
            "amqp://guest:guest",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ] {
            assert_eq!(credential(text, Trust::Text), None, "{text}");
        }
    }

    #[test]
    fn definitions_hold_examples_of_all_but_the_unmistakable() {
        for (form, (what, text)) in FORMS.iter().filter_map(|form| {
            let made_up = made_up().into_iter().find(|(what, _)| *what == form.what)?;
            Some((form, made_up))
        }) {
            let expected = form.is_unmistakable.then_some(what);
            assert_eq!(credential(&text, Trust::Document), expected, "{what}");
        }
    }

    #[test]
    fn a_key_and_a_random_value_make_a_secret() {
        let value = "q7rk2zp9wx4lm8tv3ny6";
        for (key, text, expected) in [
            ("password", value, Some("a password")),
            ("acme.com/api-key", value, Some("a key")),
            ("clientSecret", value, Some("a secret")),
            ("auth_token", value, Some("a token")),
            ("datadoghq.com/graph-token", value, None),
            ("secretName", value, None),
            ("name", value, None),
            ("password", "shop-db-password-v2", None),
            ("token", "${{ secrets.TOKEN_1234567890 }}", None),
            ("token", "vault:secret/data/shop#token", None),
            ("token", "https://acme.com/q7rk2zp9wx4lm8tv3ny6", None),
            ("secret", "1234567890abcdef", None),
        ] {
            assert_eq!(named(key, text, Trust::Text), expected, "{key}: {text}");
        }
        assert_eq!(named("password", value, Trust::Document), None);
    }

    #[test]
    fn every_form_compiles_and_has_its_marks() {
        assert!(MARKS.is_some());
        for form in &FORMS {
            assert!(Regex::new(form.pattern).is_ok(), "{}", form.what);
            assert!(!form.marks.is_empty(), "{}", form.what);
        }
    }
}
