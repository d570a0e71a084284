//! Holds the definition of a property, or of its items, against what Port knows.
//!
//! In: a definition. Out: findings about its type, format, `spec`, enum, colours and default.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::blueprint::{Faults, has_only};
use super::value::{self, Misfit};
use super::{Patterns, quoted};

/// The types of properties.
pub(super) const TYPES: [&str; 5] = ["string", "number", "boolean", "object", "array"];

/// The formats of texts.
pub(super) const TEXT_FORMATS: [&str; 13] = [
    "blueprints",
    "date-time",
    "email",
    "idn-email",
    "ipv4",
    "ipv6",
    "markdown",
    "proto",
    "team",
    "timer",
    "url",
    "user",
    "yaml",
];

/// The colours of the documentation, and those the API description lists beyond.
const COLORS: [&str; 17] = [
    "blue",
    "bronze",
    "brown",
    "darkGray",
    "gold",
    "green",
    "lightGray",
    "lime",
    "olive",
    "orange",
    "paleBlue",
    "pink",
    "purple",
    "red",
    "silver",
    "turquoise",
    "yellow",
];

impl Faults<'_> {
    /// A property, or the items of one.
    pub(super) fn definition(&mut self, what: &str, definition: &Map<String, Value>) {
        self.sort(what, definition);
        self.format(what, definition, &TEXT_FORMATS);
        self.spec(what, definition);
        self.allowed(what, definition);
        self.colors(what, definition.get("enumColors"));
        // A filled enum has the default among its values.
        let wanted = definition
            .get("default")
            .and_then(|default| value::misfit(default, definition, &Patterns::default()));
        if let Some(Misfit { reason, .. }) = wanted {
            let fault = format!("{what} has a default that does not fit: it {reason}");
            self.add(fault, "correct the default, or remove it");
        }
    }

    /// The type.
    pub(super) fn sort(&mut self, what: &str, definition: &Map<String, Value>) {
        let sort = definition.get("type").and_then(Value::as_str);
        if !sort.is_some_and(|sort| TYPES.contains(&sort)) {
            let fault = format!("{what} has no type that Port knows");
            self.add(
                fault,
                "set `type` to string, number, boolean, object or array",
            );
        }
    }

    /// The format, which has to go with the type.
    pub(super) fn format(
        &mut self,
        what: &str,
        definition: &Map<String, Value>,
        of_texts: &[&str],
    ) {
        let Some(format) = definition.get("format") else {
            return;
        };
        let sort = definition.get("type").and_then(Value::as_str);
        let sort = sort.unwrap_or_default();
        let allowed = match sort {
            "string" => of_texts,
            "object" => &["labeled-url"],
            _ => &[],
        };
        if format
            .as_str()
            .is_some_and(|format| allowed.contains(&format))
        {
            return;
        }
        let format = format.as_str().map_or_else(|| format.to_string(), quoted);
        let fault = format!(
            "{what} has the format {format}, which does not go with type {}",
            quoted(sort)
        );
        let help = if allowed.is_empty() {
            "remove the format".to_owned()
        } else {
            format!("remove the format, or use one of {}", allowed.join(", "))
        };
        self.add(fault, &help);
    }

    /// `spec`, which goes with addresses, YAML texts and objects, and what `embedded-url` needs to log in.
    pub(super) fn spec(&mut self, what: &str, definition: &Map<String, Value>) {
        let text = |key: &str| definition.get(key).and_then(Value::as_str);
        let place = (text("type").unwrap_or_default(), text("format"));
        if let Some(spec) = definition.get("spec") {
            let allowed: &[&str] = match place {
                ("string", Some("url")) => &["open-api", "async-api", "embedded-url"],
                ("string", Some("yaml")) | ("object", None) => &["open-api", "async-api"],
                _ => &[],
            };
            if !spec.as_str().is_some_and(|spec| allowed.contains(&spec)) {
                let spec = spec.as_str().map_or_else(|| spec.to_string(), quoted);
                let fault = format!(
                    "{what} has the spec {spec}, which does not go with its type and format"
                );
                let help = "use open-api or async-api with the format url or yaml or with an object, embedded-url with \
                            the format url";
                self.add(fault, help);
            }
        }
        let Some(authentication) = definition.get("specAuthentication") else {
            return;
        };
        let needed = ["clientId", "authorizationUrl", "tokenUrl"];
        let has_needed = needed.iter().all(|key| authentication[key].is_string());
        let known = [&needed[..], &["authorizationScope"]].concat();
        let scope = authentication.get("authorizationScope");
        let is_scope = |scope: &Value| {
            let all = scope.as_array();
            all.is_some_and(|all| all.iter().all(Value::is_string))
        };
        if text("spec") != Some("embedded-url")
            || !has_needed
            || !has_only(authentication, &known)
            || !scope.is_none_or(is_scope)
        {
            let fault = format!("{what} has a `specAuthentication` that Port does not take");
            let help =
                "use it with `spec: embedded-url`, with clientId, authorizationUrl and tokenUrl";
            self.add(fault, help);
        }
    }

    fn allowed(&mut self, what: &str, definition: &Map<String, Value>) {
        let Some(allowed) = definition.get("enum") else {
            return;
        };
        let Value::Array(allowed) = allowed else {
            self.add(
                format!("the enum of {what} is no list"),
                "write `enum` as a list of values",
            );
            return;
        };
        let mut of_type = definition.clone();
        of_type.retain(|key, _| key == "type");
        let mut seen = HashSet::new();
        for value in allowed {
            if !seen.insert(value::canonical(value)) {
                let fault = format!("the enum of {what} has {value} twice");
                self.add(fault, "remove one of the two");
            } else if value::misfit(value, &of_type, &Patterns::default()).is_some() {
                let fault = format!("the enum of {what} has {value}, which is of another type");
                self.add(fault, "remove it, or correct `type`");
            }
        }
    }

    /// Colours of values.
    pub(super) fn colors(&mut self, what: &str, colors: Option<&Value>) {
        let colors = match colors {
            Some(Value::Object(colors)) => colors,
            Some(_) => {
                let fault = format!("the colours of {what} are no map");
                self.add(fault, "write them as a map from values to colours");
                return;
            }
            None => return,
        };
        for (value, color) in colors {
            if !color.as_str().is_some_and(|color| COLORS.contains(&color)) {
                let fault = format!(
                    "{what} shows {} in {color}, which is no colour of Port",
                    quoted(value)
                );
                self.add(fault, &format!("use one of {}", COLORS.join(", ")));
            }
        }
    }
}
