//! What is wrong with the value of a well-known annotation.
//!
//! In: the form and the value. Out: the fault in words, and a remedy where one is known. Only what the readers of an
//! annotation surely cannot use is a fault; a value that is empty stands for none.

use url::Url;

use super::well_known::Form;
use crate::backstage::format::is_plain_address;
use crate::backstage::location_ref::LocationRefError;
use crate::backstage::validate::REJECTED_ADDRESS;
use crate::backstage::{EntityRef, LocationRef};
use crate::lint::secrets::shown;

/// What is wrong, and what to do about it.
type Fault = (String, Option<String>);

/// The fault of a value, if it has one.
pub(super) fn fault(form: Form, value: &str) -> Option<Fault> {
    if value.is_empty() {
        return None;
    }
    match form {
        Form::Any | Form::CatalogOnly | Form::Deprecated(_) => None,
        Form::NoUrl => is_address(value).then(|| must_be("a name or an id", value)),
        Form::OwnerAndName => slug(value, "`owner/name`", |parts| parts == 2),
        Form::Path => slug(value, "a path like `group/name`", |parts| parts >= 2),
        Form::Login => {
            let is_odd = |char: char| char == '/' || char == '@' || char.is_whitespace();
            value
                .contains(is_odd)
                .then(|| must_be("the name of a user, such as `ada`", value))
        }
        Form::AbsoluteUrl => absolute_url(value),
        Form::SourceLocation => location(
            value,
            &["url", "file", "dir"],
            "url:https://github.com/acme/shop/",
        ),
        Form::DocsReference => location(value, &["dir", "url"], "dir:."),
        Form::EntityReference => EntityRef::parse(value, None, "default").err().map(|error| {
            let fault = format!("is no entity reference: {} {error}", shown(value));
            (
                fault,
                Some("write it as `component:default/name`".to_owned()),
            )
        }),
        Form::Duration => {
            (!is_duration(value)).then(|| must_be("a duration of ISO 8601, such as `PT4H`", value))
        }
        Form::Coverage => (!matches!(value, "scm-only" | "enabled"))
            .then(|| must_be("`scm-only` or `enabled`", value)),
    }
}

fn must_be(expected: &str, value: &str) -> Fault {
    (format!("must be {expected}, but is {}", shown(value)), None)
}

fn is_address(value: &str) -> bool {
    value.contains("://")
}

/// A path on a git host or a build service. Its letters are those that hosts allow in names.
fn slug(value: &str, expected: &str, is_count: impl Fn(usize) -> bool) -> Option<Fault> {
    let is_name = |part: &str| {
        let is_letter =
            |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '~' | '+');
        !part.is_empty() && part.chars().all(is_letter)
    };
    let path = path_of_address(value);
    let bare = path.strip_suffix(".git").unwrap_or(path);
    let is_path = |path: &str| is_count(path.split('/').count()) && path.split('/').all(is_name);
    if bare == value && is_path(value) {
        return None;
    }
    let (fault, _) = must_be(expected, value);
    Some((fault, is_path(bare).then(|| format!("write `{bare}`"))))
}

/// The path of an address as people copy it from their browser or from `git clone`; other texts as they are.
fn path_of_address(value: &str) -> &str {
    let value = value.trim();
    let path = match value.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => match value
            .strip_prefix("git@")
            .and_then(|rest| rest.split_once(':'))
        {
            Some((_, path)) => path,
            None => value.strip_prefix("github.com/").unwrap_or(value),
        },
    };
    path.trim_matches('/').trim_start_matches('@')
}

fn absolute_url(value: &str) -> Option<Fault> {
    if value == REJECTED_ADDRESS {
        let fault = "must be a web address, but is a script, which Backstage takes out".to_owned();
        return Some((fault, None));
    }
    if is_plain_address(value) {
        return None;
    }
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => None,
        _ => {
            let address = value.strip_prefix("url:").filter(|rest| is_address(rest));
            let (fault, _) = must_be("a web address", value);
            Some((
                fault,
                address.map(|address| format!("write {}", shown(address))),
            ))
        }
    }
}

fn location(value: &str, types: &[&str], example: &str) -> Option<Fault> {
    let example = || format!("such as `{example}`");
    match LocationRef::parts(value) {
        Err(error @ LocationRefError::BareAddress) => {
            let remedy = shown(&format!("url:{}", value.trim()));
            Some((error.to_string(), Some(format!("write {remedy}"))))
        }
        Err(LocationRefError::Script) => Some(("must not be a script".to_owned(), None)),
        Err(LocationRefError::Form) => {
            let (fault, _) = must_be("of the form `type:target`", value);
            Some((fault, Some(example())))
        }
        Ok((location_type, _)) if !types.contains(&location_type) => {
            let expected = types.iter().map(|name| format!("`{name}:`"));
            let expected: Vec<String> = expected.collect();
            let (fault, _) = must_be(&format!("one of {}", expected.join(", ")), value);
            Some((fault, Some(example())))
        }
        Ok(_) => None,
    }
}

/// `P`, numbers with a unit of days, then `T` and numbers with a unit of time; Backstage reads them with Luxon.
fn is_duration(value: &str) -> bool {
    let is_part = |part: &str, units: &str| {
        let mut rest = part;
        while let Some(end) = rest.find(|char: char| char.is_ascii_alphabetic()) {
            let (number, unit) = rest.split_at(end);
            let is_number = !number.is_empty()
                && number
                    .chars()
                    .all(|char| char.is_ascii_digit() || matches!(char, '.' | ',' | '-' | '+'));
            if !is_number || !units.contains(&unit[..1]) {
                return false;
            }
            rest = &unit[1..];
        }
        rest.is_empty()
    };
    let Some(value) = value.trim_start_matches(['-', '+']).strip_prefix('P') else {
        return false;
    };
    match value.split_once('T') {
        Some((days, time)) => is_part(days, "YMWD") && is_part(time, "HMS") && !time.is_empty(),
        None => is_part(value, "YMWD") && !value.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_readers_take_have_no_fault() {
        for (form, value) in [
            (Form::OwnerAndName, "acme/shop"),
            (Form::OwnerAndName, "acme/shop.js"),
            (Form::OwnerAndName, ""),
            (Form::Path, "acme/web/shop"),
            (Form::Path, "github/acme/shop"),
            (Form::Login, "ada-l"),
            (Form::NoUrl, "server/acme:shop"),
            (Form::AbsoluteUrl, "https://acme.example/x"),
            (Form::SourceLocation, "url:https://github.com/acme/shop/"),
            (Form::SourceLocation, "file:/a/b"),
            (Form::DocsReference, "dir:."),
            (Form::DocsReference, "dir: ./docs"),
            (Form::DocsReference, "url:https://github.com/acme/shop"),
            (Form::EntityReference, "component:shop"),
            (Form::Duration, "PT4H"),
            (Form::Duration, "P1DT2H30M"),
            (Form::Duration, "P2W"),
            (Form::Duration, "PT0.5H"),
            (Form::Coverage, "scm-only"),
        ] {
            assert_eq!(fault(form, value), None, "{value}");
        }
    }

    #[test]
    fn values_that_nobody_can_read_are_told_with_a_remedy() {
        let shop = Some("write `acme/shop`");
        for (form, value, remedy) in [
            (Form::OwnerAndName, "https://github.com/acme/shop", shop),
            (Form::OwnerAndName, "https://github.com/acme/shop.git", shop),
            (Form::OwnerAndName, "git@github.com:acme/shop.git", shop),
            (Form::OwnerAndName, "github.com/acme/shop", shop),
            (Form::OwnerAndName, "acme/shop.git", shop),
            (Form::OwnerAndName, "/acme/shop/", shop),
            (Form::OwnerAndName, "@acme/shop", shop),
            (Form::OwnerAndName, " acme/shop", shop),
            (Form::OwnerAndName, "shop", None),
            (Form::OwnerAndName, "acme/", None),
            (Form::OwnerAndName, "acme/shop/tree", None),
            (Form::OwnerAndName, "acme/${{ values.name }}", None),
            (Form::Path, "https://gitlab.com/acme/shop", shop),
            (Form::Path, "shop", None),
            (Form::Login, "@ada", None),
            (Form::NoUrl, "https://sonar.acme.example/dashboard", None),
            (Form::AbsoluteUrl, "/x", None),
            (Form::AbsoluteUrl, "javascript:alert(1)", None),
            (
                Form::AbsoluteUrl,
                "url:https://a.example",
                Some("write `https://a.example`"),
            ),
            (Form::AbsoluteUrl, REJECTED_ADDRESS, None),
            (
                Form::SourceLocation,
                "https://a.example",
                Some("write `url:https://a.example`"),
            ),
            (
                Form::SourceLocation,
                "acme/shop",
                Some("such as `url:https://github.com/acme/shop/`"),
            ),
            (Form::DocsReference, ".", Some("such as `dir:.`")),
            (
                Form::DocsReference,
                "github:https://a.example",
                Some("such as `dir:.`"),
            ),
            (
                Form::EntityReference,
                "shop",
                Some("write it as `component:default/name`"),
            ),
            (Form::Duration, "4 hours", None),
            (Form::Duration, "P", None),
            (Form::Duration, "PTH", None),
            (Form::Coverage, "true", None),
        ] {
            let found = fault(form, value);
            assert!(found.is_some(), "{value}");
            let found = found.and_then(|(_, remedy)| remedy);
            assert_eq!(found.as_deref(), remedy, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_has_a_fault_or_none(value in "\\PC{0,20}") {
            for form in [Form::OwnerAndName, Form::Path, Form::Duration, Form::DocsReference, Form::AbsoluteUrl] {
                let _ = fault(form, &value);
            }
        }
    }
}
