//! Holds what a blueprint shows from others against what is there: mirror, calculation and aggregation properties, and
//! ownership.
//!
//! In: a blueprint and all others. Out: findings. The jq of calculations is not looked into.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::blueprint::{Faults, MAX_NAME, has_only};
use super::definition::TEXT_FORMATS;
use super::quoted;
use crate::port::path::{Target, is_mirrored, target};

impl Faults<'_> {
    pub(super) fn computed(&mut self) {
        let blueprint = self.blueprint;
        for (name, mirror) in &blueprint.mirror_properties {
            self.mirror(name, mirror);
        }
        for (name, calculation) in &blueprint.calculation_properties {
            let what = format!("calculation property {}", quoted(name));
            match calculation {
                Value::Object(calculation) => self.calculation(&what, calculation),
                _ => self.no_map(&what),
            }
        }
        let aggregations = match blueprint.rest.get("aggregationProperties") {
            Some(Value::Object(aggregations)) => aggregations,
            Some(_) => return self.no_map("`aggregationProperties`"),
            None => return,
        };
        for (name, aggregation) in aggregations {
            let what = format!("aggregation property {}", quoted(name));
            match aggregation {
                Value::Object(aggregation) => self.aggregation(&what, aggregation),
                _ => self.no_map(&what),
            }
        }
    }

    fn no_map(&mut self, what: &str) {
        self.add(format!("{what} is no map"), "write it as a map");
    }

    fn mirror(&mut self, name: &str, mirror: &Value) {
        // Port's API description; a path that leads somewhere may still have a name it does not take.
        static PATH: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r"\A(?:[A-Za-z0-9@_=$-]+\.)+[^.\n]+\z").ok());
        let what = format!("mirror property {}", quoted(name));
        let Value::Object(mirror) = mirror else {
            return self.no_map(&what);
        };
        self.closed(&what, mirror, &["path", "title"]);
        self.labels(&what, mirror);
        let path = mirror.get("path").and_then(Value::as_str);
        let path = path.unwrap_or_default();
        let is_path = PATH.as_ref().is_some_and(|regex| regex.is_match(path));
        // `$team` and the like lead to what Port itself has.
        let is_resolved = path.starts_with('$') || is_mirrored(self.blueprint, path, self.by_id);
        if !is_path || !is_resolved {
            let fault = format!(
                "{what} has the path {}, which leads to nothing",
                quoted(path)
            );
            self.add(fault, "write `path` as relation.property");
        }
    }

    fn calculation(&mut self, what: &str, calculation: &Map<String, Value>) {
        const KEYS: [&str; 11] = [
            "title",
            "description",
            "icon",
            "calculation",
            "type",
            "format",
            "spec",
            "specAuthentication",
            "colorized",
            "colors",
            "items",
        ];
        self.closed(what, calculation, &KEYS);
        self.labels(what, calculation);
        let jq = calculation.get("calculation").and_then(Value::as_str);
        if jq.unwrap_or_default().trim().is_empty() {
            let fault = format!("{what} has no calculation");
            self.add(fault, "write the jq expression into `calculation`");
        }
        self.sort(what, calculation);
        let formats = |refused: [&str; 2]| -> Vec<&str> {
            let all = TEXT_FORMATS.into_iter();
            all.filter(|format| !refused.contains(format)).collect()
        };
        self.format(what, calculation, &formats(["timer", "blueprints"]));
        self.spec(what, calculation);
        self.colors(what, calculation.get("colors"));
        if calculation
            .get("colorized")
            .is_some_and(|value| !value.is_boolean())
        {
            let fault = format!("`colorized` of {what} is neither true nor false");
            self.add(fault, "write true or false");
        }
        match calculation.get("items") {
            None => {}
            Some(Value::Object(items)) => {
                let what = format!("items of {what}");
                self.sort(&what, items);
                self.format(&what, items, &formats(["idn-email", "blueprints"]));
            }
            Some(_) => self.no_map(&format!("items of {what}")),
        }
    }

    fn aggregation(&mut self, what: &str, aggregation: &Map<String, Value>) {
        const KEYS: [&str; 8] = [
            "title",
            "description",
            "icon",
            "type",
            "target",
            "calculationSpec",
            "query",
            "pathFilter",
        ];
        self.closed(what, aggregation, &KEYS);
        self.labels(what, aggregation);
        if !aggregation.contains_key("title") {
            self.add(format!("{what} has no title"), "add a title");
        }
        match aggregation.get("target").and_then(Value::as_str) {
            Some(target) => self.leads_to(what, target),
            None => self.add(
                format!("{what} has no target"),
                "name the blueprint whose entities count in `target`",
            ),
        }
        if aggregation.get("type").is_some_and(|sort| sort != "number") {
            let fault = format!("{what} is no number");
            self.add(fault, "set `type` to number, or remove it");
        }
        let spec = aggregation
            .get("calculationSpec")
            .and_then(Value::as_object);
        if !spec.is_some_and(is_calculation) {
            self.add(
                format!("{what} has a `calculationSpec` that Port does not take"),
                "write {func: count, calculationBy: entities}, {func: sum, calculationBy: property, property: …} or \
                 another form that Port documents",
            );
        }
        let is_path = |filter: &Value| {
            let filters = filter.as_array().map(Vec::as_slice).unwrap_or_default();
            let [filter] = filters else {
                return filters.is_empty() && filter.is_array();
            };
            let path = filter["path"].as_array();
            let is_known = has_only(filter, &["path", "fromBlueprint"])
                && filter.get("fromBlueprint").is_none_or(Value::is_string);
            is_known
                && path.is_some_and(|path| !path.is_empty() && path.iter().all(Value::is_string))
        };
        if aggregation
            .get("pathFilter")
            .is_some_and(|filter| !is_path(filter))
        {
            let fault = format!("{what} has a `pathFilter` that Port does not take");
            self.add(fault, "write a list of one {path: [relation, …]}");
        }
    }

    pub(super) fn ownership(&mut self) {
        const HELP: &str =
            "write `ownership` as {type: Direct}, or as {type: Inherited, path: relation.relation}";
        let Some(ownership) = self.blueprint.rest.get("ownership") else {
            return;
        };
        let Value::Object(ownership) = ownership else {
            return self.add("its ownership is no map", HELP);
        };
        match ownership.get("title") {
            Some(Value::String(title)) => {
                self.length("the title of its ownership", title, MAX_NAME);
            }
            Some(_) => self.add("the title of its ownership is no text", "write a text"),
            None => {}
        }
        match ownership.get("type").and_then(Value::as_str) {
            Some("Direct") => self.closed("its ownership", ownership, &["type", "title"]),
            Some("Inherited") => {
                self.closed("its ownership", ownership, &["type", "title", "path"]);
                let path = ownership.get("path").and_then(Value::as_str);
                let path = path.unwrap_or_default();
                let fault = match target(self.blueprint, path, self.by_id) {
                    Target::OfPort => return,
                    Target::Nowhere => "which leads nowhere",
                    Target::Here(owner) => {
                        let ownership = owner.rest.get("ownership");
                        if ownership.is_some_and(|ownership| ownership["type"] == "Direct") {
                            return;
                        }
                        "which ends at a blueprint without direct ownership"
                    }
                };
                let fault = format!("its ownership has the path {}, {fault}", quoted(path));
                self.add(fault, HELP);
            }
            _ => self.add("its ownership is neither Direct nor Inherited", HELP),
        }
    }
}

/// Whether Port takes this for the calculation of an aggregation.
fn is_calculation(spec: &Map<String, Value>) -> bool {
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    let spans: &[&str] = match (text("func"), text("calculationBy")) {
        (Some("count"), Some("entities")) => return has_texts(spec, &[]),
        (Some("sum" | "min" | "max" | "median"), Some("property")) => {
            return text("property").is_some() && has_texts(spec, &["property"]);
        }
        (Some("average"), Some("entities")) => &["averageOf", "measureTimeBy"],
        (Some("average"), Some("property")) if text("property").is_some() => {
            &["averageOf", "measureTimeBy", "property"]
        }
        _ => return false,
    };
    matches!(
        text("averageOf"),
        Some("hour" | "day" | "week" | "month" | "total")
    ) && has_texts(spec, spans)
}

fn has_texts(spec: &Map<String, Value>, more: &[&str]) -> bool {
    spec.iter().all(|(key, value)| {
        let key = key.as_str();
        value.is_string() && (matches!(key, "func" | "calculationBy") || more.contains(&key))
    })
}
