//! Port's API on loopback, as far as its Terraform provider calls it: an account that starts empty and keeps what it is sent.
//!
//! Refuses every body that does not fit Port's own schemas (`../shared/oracle/port-api`), and what those cannot see: targets of
//! relations that do not exist, values that do not fit the blueprint, teams where nothing is owned. Knows nothing of
//! permissions, pages, limits of rate and computed values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use jsonschema::Validator;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::support::Result;
use crate::support::port::{body, entity_schema, faults_of, validator};

/// The largest body that Port takes.
const LIMIT: usize = 1024 * 1024;
/// What every blueprint and entity carries: the provider reads them without looking whether they are there.
const STAMPS: [(&str, &str); 4] = [
    ("createdAt", "2026-01-01T00:00:00.000Z"),
    ("createdBy", "nobody"),
    ("updatedAt", "2026-01-01T00:00:00.000Z"),
    ("updatedBy", "nobody"),
];

/// A running API and its account; ends when it is dropped.
pub(crate) struct Api {
    pub(crate) address: String,
    server: Arc<Server>,
    service: Arc<Mutex<Service>>,
    thread: Option<JoinHandle<()>>,
}

impl Api {
    /// Starts with an account that has Port's own blueprints of teams and users; `None` where the schemas are not there.
    pub(crate) fn start() -> Result<Option<Self>> {
        let (Some(blueprint), Some(entity)) = (body("blueprint")?, body("entity")?) else {
            return Ok(None);
        };
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(|error| error.to_string())?);
        let service = Arc::new(Mutex::new(Service::new(blueprint, entity)?));
        let thread = thread::spawn({
            let (server, service) = (Arc::clone(&server), Arc::clone(&service));
            move || {
                for request in server.incoming_requests() {
                    respond(request, &service);
                }
            }
        });
        Ok(Some(Self {
            address: format!("http://{}", server.server_addr()),
            server,
            service,
            thread: Some(thread),
        }))
    }

    /// What the account holds by now.
    pub(crate) fn account(&self) -> Result<Account> {
        let service = self.service.lock().map_err(|error| error.to_string())?;
        Ok(service.account.clone())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.server.unblock();
        // A thread that panicked has said so itself.
        self.thread.take().map(JoinHandle::join);
    }
}

fn respond(mut request: Request, service: &Mutex<Service>) {
    let mut text = String::new();
    let is_read = request.as_reader().read_to_string(&mut text).is_ok();
    let (status, answer) = match service.lock() {
        Ok(mut service) if is_read => service.answer(request.method(), request.url(), &text),
        _ => (500, json!({"ok": false})),
    };
    let mut response = Response::from_string(answer.to_string()).with_status_code(status);
    if let Ok(json) = Header::from_bytes("Content-Type", "application/json") {
        response.add_header(json);
    }
    // A client that has gone needs no answer.
    let _ = request.respond(response);
}

/// Why a request is refused: the status, Port's name of the error, and the reason.
struct Refusal(u16, &'static str, String);

fn refused<T>(status: u16, error: &'static str, why: impl Into<String>) -> Answer<T> {
    Err(Refusal(status, error, why.into()))
}

type Answer<T> = std::result::Result<T, Refusal>;

/// What Port holds.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) blueprints: BTreeMap<String, Value>,
    /// By blueprint and identifier.
    pub(crate) entities: BTreeMap<(String, String), Value>,
    /// Requests that were refused, and why.
    pub(crate) refusals: Vec<String>,
}

/// Answers requests.
struct Service {
    account: Account,
    /// Port's own blueprints as they are by themselves.
    structures: BTreeMap<String, Value>,
    /// What the entities of a blueprint are held against.
    validators: BTreeMap<String, Validator>,
    blueprint_body: Validator,
    entity_body: Validator,
}

impl Service {
    fn new(blueprint_body: Validator, entity_body: Validator) -> Result<Self> {
        let text = |title: &str| json!({"type": "string", "title": title});
        let system = |identifier: &str, title: &str, properties: Value| {
            let blueprint = json!({
                "identifier": identifier, "title": title, "icon": title,
                "schema": {"properties": properties, "required": []},
                "relations": {}, "mirrorProperties": {}, "calculationProperties": {},
            });
            (identifier.to_owned(), blueprint)
        };
        let structures = BTreeMap::from([
            system("_team", "Team", json!({"description": text("Description")})),
            system(
                "_user",
                "User",
                json!({"status": text("Status"), "port_role": text("Role"), "port_type": text("Type"),
                    "moderated_blueprints": {"type": "array", "items": {"type": "string"}}}),
            ),
        ]);
        let mut validators = BTreeMap::new();
        for (id, blueprint) in &structures {
            validators.insert(id.clone(), validator(&entity_schema(blueprint))?);
        }
        Ok(Self {
            account: Account {
                blueprints: structures.clone(),
                entities: BTreeMap::new(),
                refusals: Vec::new(),
            },
            structures,
            validators,
            blueprint_body,
            entity_body,
        })
    }

    fn answer(&mut self, method: &Method, url: &str, text: &str) -> (u16, Value) {
        match self.routed(method, url, text) {
            Ok(mut answer) => {
                answer["ok"] = json!(true);
                (200, answer)
            }
            Err(Refusal(status, error, why)) => {
                // That something is not there yet is what a client may ask.
                if !(status == 404 && *method == Method::Get) {
                    self.account
                        .refusals
                        .push(format!("{method} {url}: {status} {why}"));
                }
                (status, json!({"ok": false, "error": error, "message": why}))
            }
        }
    }

    fn routed(&mut self, method: &Method, url: &str, text: &str) -> Answer<Value> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let segments = path.trim_start_matches('/').split('/');
        let segments = segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy());
        let segments: Vec<_> = segments.collect();
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        if text.len() > LIMIT {
            return refused(413, "payload_too_large", format!("{} bytes", text.len()));
        }
        let sent = || match serde_json::from_str::<Value>(text) {
            Ok(value) => Ok(value),
            Err(error) => refused(400, "invalid_request", error.to_string()),
        };
        let has = |flag: &str| query.split('&').any(|part| part == flag);
        match (method, segments.as_slice()) {
            (Method::Post, ["v1", "auth", "access_token"]) => {
                Ok(json!({"accessToken": "token", "expiresIn": 3600, "tokenType": "Bearer"}))
            }
            (Method::Get, ["v1", "blueprints", "system", id, "structure"]) => {
                let structure = found(self.structures.get(*id), id)?;
                Ok(json!({"blueprint": stamped(structure)}))
            }
            (Method::Post, ["v1", "blueprints"]) => {
                let blueprint = sent()?;
                let id = blueprint["identifier"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if self.account.blueprints.contains_key(&id) {
                    return refused(409, "identifier_taken", id);
                }
                if id.starts_with('_') {
                    return refused(422, "protected_resource", id);
                }
                self.keep_blueprint(&id, blueprint)
            }
            (Method::Get, ["v1", "blueprints", id]) => {
                let blueprint = found(self.account.blueprints.get(*id), id)?;
                Ok(json!({"blueprint": stamped(blueprint)}))
            }
            (Method::Put, ["v1", "blueprints", id]) => {
                found(self.account.blueprints.get(*id), id)?;
                self.keep_blueprint(id, sent()?)
            }
            (Method::Delete, ["v1", "blueprints", id]) => self.delete_blueprint(id),
            (Method::Post, ["v1", "blueprints", blueprint, "entities"]) => {
                let entity = sent()?;
                let id = entity["identifier"].as_str().unwrap_or_default().to_owned();
                let key = ((*blueprint).to_owned(), id);
                if self.account.entities.contains_key(&key) && !has("upsert=true") {
                    return refused(409, "identifier_taken", key.1);
                }
                self.keep_entity(key, entity, has("create_missing_related_entities=true"))
            }
            (Method::Get, ["v1", "blueprints", blueprint, "entities", id]) => {
                let key = ((*blueprint).to_owned(), (*id).to_owned());
                let entity = found(self.account.entities.get(&key), id)?;
                Ok(json!({"entity": stamped(entity)}))
            }
            (Method::Put, ["v1", "blueprints", blueprint, "entities", id]) => {
                let key = ((*blueprint).to_owned(), (*id).to_owned());
                found(self.account.entities.get(&key), id)?;
                self.keep_entity(key, sent()?, has("create_missing_related_entities=true"))
            }
            (Method::Delete, ["v1", "blueprints", blueprint, "entities", id]) => {
                let key = ((*blueprint).to_owned(), (*id).to_owned());
                found(self.account.entities.remove(&key).as_ref(), id)?;
                Ok(json!({}))
            }
            _ => refused(404, "not_found", "no such route"),
        }
    }

    fn keep_blueprint(&mut self, id: &str, mut blueprint: Value) -> Answer<Value> {
        let mut faults = Vec::new();
        faults_of(&self.blueprint_body, &blueprint, &mut faults);
        if blueprint["identifier"] != id {
            faults.push(format!("{} is not {id}", blueprint["identifier"]));
        }
        let definitions = blueprint["schema"]["properties"].as_object();
        for name in blueprint["schema"]["required"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if !definitions
                .is_some_and(|all| name.as_str().is_some_and(|name| all.contains_key(name)))
            {
                faults.push(format!("{name} is required and not there"));
            }
        }
        if let Some(fault) = faults.first() {
            return refused(422, "invalid_request", fault);
        }
        for (name, relation) in members(&blueprint["relations"]) {
            let target = relation["target"].as_str().unwrap_or_default();
            if relation["many"] == true && relation["required"] == true {
                return refused(
                    422,
                    "invalid_relation",
                    format!("{name}: many and required"),
                );
            }
            if target != id && !self.account.blueprints.contains_key(target) {
                return refused(404, "not_found", format!("{name}: no blueprint {target}"));
            }
        }
        for (name, mirror) in members(&blueprint["mirrorProperties"]) {
            let path = mirror["path"].as_str().unwrap_or_default();
            if !self.leads_somewhere(&blueprint, path) {
                return refused(422, "invalid_mirror_path", format!("{name}: {path}"));
            }
        }
        let ownership = &blueprint["ownership"];
        if ownership["type"] == "Inherited" {
            let path = ownership["path"].as_str().unwrap_or_default();
            if !self.leads_somewhere(&blueprint, &format!("{path}.$team")) {
                return refused(422, "invalid_inherited_ownership_path", path);
            }
        }
        let required = &mut blueprint["schema"]["required"];
        if required.is_null() {
            *required = json!([]);
        }
        let schema = validator(&entity_schema(&blueprint));
        let Ok(schema) = schema else {
            return refused(422, "invalid_request", format!("{id}: no JSON Schema"));
        };
        self.validators.insert(id.to_owned(), schema);
        self.account
            .blueprints
            .insert(id.to_owned(), blueprint.clone());
        Ok(json!({"blueprint": stamped(&blueprint)}))
    }

    /// Whether a path of relations ends at a property.
    fn leads_somewhere(&self, from: &Value, path: &str) -> bool {
        let mut at = from;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            if names.peek().is_none() {
                let maps = [
                    "mirrorProperties",
                    "calculationProperties",
                    "aggregationProperties",
                ];
                let is_there = |map: &Value| map.get(name).is_some();
                return name.starts_with('$')
                    || is_there(&at["schema"]["properties"])
                    || maps.into_iter().any(|map| is_there(&at[map]));
            }
            let target = at["relations"][name]["target"].as_str().unwrap_or_default();
            at = match self.account.blueprints.get(target) {
                _ if target == from["identifier"] => from,
                Some(blueprint) => blueprint,
                None => return false,
            };
        }
        false
    }

    fn delete_blueprint(&mut self, id: &str) -> Answer<Value> {
        let is_target = |blueprint: &Value| {
            let mut relations = members(&blueprint["relations"]);
            blueprint["identifier"] != id && relations.any(|(_, relation)| relation["target"] == id)
        };
        if self
            .account
            .entities
            .keys()
            .any(|(blueprint, _)| blueprint == id)
            || self.account.blueprints.values().any(is_target)
        {
            return refused(409, "has_dependents", format!("has_dependents: {id}"));
        }
        found(self.account.blueprints.remove(id).as_ref(), id)?;
        Ok(json!({}))
    }

    fn keep_entity(
        &mut self,
        key: (String, String),
        entity: Value,
        creates_missing: bool,
    ) -> Answer<Value> {
        let blueprint = found(self.account.blueprints.get(&key.0), &key.0)?;
        let mut faults = Vec::new();
        faults_of(&self.entity_body, &entity, &mut faults);
        if let Some(validator) = self.validators.get(&key.0) {
            faults_of(validator, &entity, &mut faults);
        }
        if entity["identifier"] != key.1 || entity["blueprint"] != key.0 {
            faults.push(format!("{key:?} is another one in the body"));
        }
        if let Some(fault) = faults.first() {
            return refused(422, "invalid_request", fault);
        }
        let teams = entity["team"].as_array().into_iter().flatten();
        let teams: Vec<_> = teams.filter_map(Value::as_str).collect();
        if !teams.is_empty() && key.0 != "_user" && blueprint["ownership"]["type"] != "Direct" {
            return refused(422, "ownership_disabled", format!("{key:?} has teams"));
        }
        let mut missing = Vec::new();
        for team in teams {
            missing.push(("_team".to_owned(), team.to_owned()));
        }
        for (name, value) in members(&entity["relations"]) {
            let target = blueprint["relations"][name]["target"]
                .as_str()
                .unwrap_or_default();
            let many = value.as_array().into_iter().flatten();
            for identifier in many.chain([value]).filter_map(Value::as_str) {
                missing.push((target.to_owned(), identifier.to_owned()));
            }
        }
        missing.retain(|other| *other != key && !self.account.entities.contains_key(other));
        for (target, identifier) in missing {
            let required = &self.account.blueprints[&target]["schema"]["required"];
            let needs_more = required.as_array().is_some_and(|names| !names.is_empty());
            if !creates_missing || target.starts_with('_') || needs_more {
                let why = format!("{key:?}: no {target} {identifier}");
                return refused(404, "not_found", why);
            }
            let bare = json!({
                "identifier": identifier, "title": identifier, "blueprint": target, "properties": {}, "relations": {},
            });
            self.account.entities.insert((target, identifier), bare);
        }
        let answer = json!({"entity": stamped(&entity)});
        self.account.entities.insert(key, entity);
        Ok(answer)
    }
}

fn found<'a>(value: Option<&'a Value>, name: &str) -> Answer<&'a Value> {
    value.ok_or_else(|| Refusal(404, "not_found", format!("no {name}")))
}

fn members(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

fn stamped(value: &Value) -> Value {
    let mut stamped = value.as_object().cloned().unwrap_or_else(Map::new);
    stamped.extend(STAMPS.map(|(key, value)| (key.to_owned(), json!(value))));
    Value::Object(stamped)
}
