//! Links that no reader of the catalog can follow.
//!
//! In: the links of an entity. Out: findings. An address on the networks of an organisation is never one, and neither is
//! one in a domain for examples: demonstrations are full of them on purpose.

use std::net::IpAddr;

use serde_json::Value;
use url::{Host, Url};

use super::secrets::shown;
use crate::backstage::Entity;
use crate::backstage::field::{field, list_field};
use crate::backstage::format::is_plain_address;
use crate::backstage::location_ref::is_script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::FieldPath;

/// Looks at the links of an entity.
pub(super) fn check(entity: &Entity, found: &mut Diagnostics) {
    let links = entity
        .metadata()
        .map(|metadata| list_field(metadata, "links"));
    for (index, link) in links.into_iter().flatten().enumerate() {
        let address = link.as_object().and_then(|link| field(link, "url"));
        let Some(address) = address.and_then(Value::as_str) else {
            continue;
        };
        let Some(fault) = fault(address) else {
            continue;
        };
        let field = FieldPath::keys(["metadata", "links"])
            .index(index)
            .key("url");
        let told = Diagnostic::new(
            Code::InvalidLink,
            format!("the link {} {}", shown(address), fault.in_words()),
        )
        .at(entity.origin.value(field));
        found.push(match fault.remedy() {
            Some(remedy) => told.help(remedy),
            None => told,
        });
    }
}

/// Why nobody can follow a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Script,
    Unrendered,
    Blank,
    Scheme,
    LocationRef,
    NoScheme,
    TwoSchemes,
    OwnMachine,
}

impl Fault {
    fn in_words(self) -> &'static str {
        match self {
            Self::Script => "is a script or holds its own content, which browsers do not open",
            Self::Unrendered => "holds a placeholder that nobody has filled in",
            Self::Blank => "has a blank in it",
            Self::Scheme => "is none that a browser opens from a page",
            Self::LocationRef => "is a location reference and not an address",
            Self::NoScheme => "lacks `https://`",
            Self::TwoSchemes => "has two schemes",
            Self::OwnMachine => "leads every reader to their own machine",
        }
    }

    fn remedy(self) -> Option<&'static str> {
        match self {
            Self::LocationRef => Some("remove `url:`"),
            Self::NoScheme => Some("write `https://` in front of it"),
            Self::Script | Self::Scheme => Some("write the address of a page"),
            Self::Unrendered | Self::Blank | Self::TwoSchemes | Self::OwnMachine => None,
        }
    }
}

fn fault(address: &str) -> Option<Fault> {
    if is_plain_address(address) {
        return None;
    }
    // Faults of form, and addresses that the descriptor check refuses, are told there.
    if is_script(address) {
        return Some(Fault::Script);
    }
    if is_unrendered(address) {
        return Some(Fault::Unrendered);
    }
    let url = Url::parse(address).ok()?;
    match url.scheme() {
        "http" | "https" => of_web_address(address, &url),
        "data" | "vbscript" | "blob" => Some(Fault::Script),
        "url" if address.contains("://") => Some(Fault::LocationRef),
        "file" | "about" => Some(Fault::Scheme),
        // `localhost:3000` and `shop.acme.com:8080/x` parse, with the host as the scheme.
        scheme if scheme == "localhost" || scheme.contains('.') => Some(Fault::NoScheme),
        // `C:\docs` parses as well.
        scheme if scheme.len() == 1 => Some(Fault::Scheme),
        _ => None,
    }
}

fn of_web_address(address: &str, url: &Url) -> Option<Fault> {
    match url.host()? {
        Host::Domain("http" | "https") => return Some(Fault::TwoSchemes),
        Host::Domain("localhost") => return Some(Fault::OwnMachine),
        Host::Ipv4(ip) if is_own(ip.into()) => return Some(Fault::OwnMachine),
        Host::Ipv6(ip) if is_own(ip.into()) => return Some(Fault::OwnMachine),
        Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => {}
    }
    // Browsers mend a blank in a query, and cut those around.
    let path = address.trim().split(['?', '#']).next().unwrap_or_default();
    path.contains(char::is_whitespace).then_some(Fault::Blank)
}

fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

/// Whether an address holds what a template or an example leaves to be filled in.
fn is_unrendered(address: &str) -> bool {
    let is_between = |open: &str, close: &str| {
        address
            .split_once(open)
            .is_some_and(|(_, rest)| rest.find(close).is_some_and(|end| end > 0))
    };
    is_between("{{", "}}") || is_between("${", "}") || is_between("<", ">")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lint::tests::{diagnostics, found};

    #[test]
    fn links_that_lead_somewhere_are_fine() {
        for address in [
            "https://acme.com",
            "http://go/shop",
            "https://example.com/dashboard",
            "https://10.0.0.1:8443/x",
            "https://acme.com/search?q=a b",
            " https://acme.com/ ",
            "mailto:web@acme.com",
            "slack://channel?team=T1&id=C1",
            "tel:+1234",
            "vscode://file/x",
            "https://acme.com/{id}",
            "https://acme.com/a?b=${x",
            "not an address",
        ] {
            assert_eq!(fault(address), None, "{address}");
        }
    }

    #[test]
    fn links_that_nobody_can_follow_are_told() {
        for (address, expected) in [
            ("javascript:alert(1)", Fault::Script),
            (" java\nscript:alert(1)", Fault::Script),
            ("data:text/html,x", Fault::Script),
            ("https://acme.com/${{ values.name }}", Fault::Unrendered),
            ("https://{{ host }}/x", Fault::Unrendered),
            ("https://acme.com/<your-service>", Fault::Unrendered),
            ("https://${HOST}/x", Fault::Unrendered),
            ("https://acme.com/a b", Fault::Blank),
            ("file:///etc/hosts", Fault::Scheme),
            ("C:\\docs\\x", Fault::Scheme),
            ("url:https://acme.com", Fault::LocationRef),
            ("localhost:3000", Fault::NoScheme),
            ("shop.acme.com:8080/x", Fault::NoScheme),
            ("http://https://acme.com", Fault::TwoSchemes),
            ("http://localhost:3000", Fault::OwnMachine),
            ("http://127.0.0.1/x", Fault::OwnMachine),
            ("http://[::1]/x", Fault::OwnMachine),
            ("http://0.0.0.0:8080", Fault::OwnMachine),
        ] {
            assert_eq!(fault(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn a_password_is_not_repeated() {
        let links = json!([{"title": "x"}, {"url": "http://ada:S3cretW0rd@localhost/x"}]);
        let entity = json!({"metadata": {"name": "a", "links": links}});
        let invalid = "invalid-link metadata.links.1.url".to_owned();
        assert!(found(&entity).contains(&invalid));
        for found in diagnostics(&entity) {
            assert!(!found.message.contains("S3cret"), "{}", found.message);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_address_has_a_fault_or_none(address in "\\PC{0,20}") {
            let _ = fault(&address);
        }
    }
}
