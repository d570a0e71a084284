//! A company: departments of teams, and what a team has.
//!
//! ```text
//! <department>/<team>/catalog-info.yaml            Location of the four below
//! <department>/<team>/org.yaml                     Group and Users
//! <department>/<team>/systems.yaml                 Domain and Systems
//! <department>/<team>/resources/<name>.yaml        Resource
//! <department>/<team>/template.yaml                Template
//! <department>/<team>/<name>/catalog-info.yaml     Component, or API, or both
//! <department>/<team>/node_modules/…               ignored by git
//! ```
//!
//! An entity refers to those before it only, and so to what is there at any size. How often a field is there, and how
//! long it is, follows what descriptors in public repositories hold.

use std::io;
use std::ops::Range;

use rayon::prelude::*;

use super::Count;
use super::definition::Language;
use super::folder::Folder;
use super::random::Random;
use super::text::{Text, scalar};
use super::words::{
    AREAS, COMPONENT_TYPES, CRAFTS, FIRST_NAMES, LAST_NAMES, LIFECYCLES, NOUNS, ROLES, STORES,
    TAGS, sentence, title,
};

/// Entities of a team, in the order in which they are made as the company grows.
const TEAM: usize = 50;
const LOCATION: usize = 0;
const GROUP: usize = 1;
const SYSTEMS: Range<usize> = 2..4;
const USERS: Range<usize> = 4..8;
const RESOURCES: Range<usize> = 8..13;
const APIS: Range<usize> = 13..19;
const TEMPLATE: usize = 19;
const COMPONENTS: Range<usize> = 20..TEAM;
/// Teams of a department, whose group is that of its first team.
const DEPARTMENT: usize = 32;
/// Teams of a domain, which stands in the place of the first system of the first of them.
const DOMAIN: usize = 4;
/// One of so many teams keeps its resources in a namespace.
const APART: usize = 20;
/// One of so many teams names its resources by a pattern.
const PATTERN: usize = 16;

/// Writes so many entities.
pub(super) fn write(folder: &Folder, size: usize, seed: u64) -> io::Result<Count> {
    let ignored = folder.unrelated(".gitignore", "node_modules/\n*.log\n")?;
    let teams = (0..size.div_ceil(TEAM)).into_par_iter().map(|number| {
        let team = Team { number, size, seed };
        team.write(folder)
    });
    Ok(ignored + teams.sum::<io::Result<Count>>()?)
}

/// A team, by its number.
#[derive(Clone, Copy)]
struct Team {
    number: usize,
    size: usize,
    seed: u64,
}

impl Team {
    fn other(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// How many of its entities there are: the last team is not complete.
    fn len(self) -> usize {
        (self.size - self.number * TEAM).min(TEAM)
    }

    fn has(self, slot: usize) -> bool {
        slot < self.len()
    }

    /// Those of a range that there are.
    fn those(self, slots: Range<usize>) -> Range<usize> {
        slots.start.min(self.len())..slots.end.min(self.len())
    }

    fn random(self, slot: usize) -> Random {
        Random::new(self.seed, self.number * TEAM + slot)
    }

    fn name(self) -> String {
        let round = self.number / (AREAS.len() * CRAFTS.len());
        let area = AREAS[self.number % AREAS.len()];
        let craft = CRAFTS[self.number / AREAS.len() % CRAFTS.len()];
        match round {
            0 => format!("{area}-{craft}"),
            _ => format!("{area}-{craft}-{}", round + 1),
        }
    }

    fn folder(self) -> String {
        let department = self.other(self.number / DEPARTMENT * DEPARTMENT);
        format!("{}/{}", department.name(), self.name())
    }

    /// The name of an entity.
    fn entity(self, slot: usize) -> String {
        let team = self.name();
        match slot {
            LOCATION => format!("{team}-catalog"),
            GROUP => team,
            2..4 => format!("{team}-{}", ["suite", "backbone"][slot - SYSTEMS.start]),
            4..8 => {
                let number = self.number * USERS.len() + slot - USERS.start;
                let first = FIRST_NAMES[number % FIRST_NAMES.len()];
                let number = number / FIRST_NAMES.len();
                let last = LAST_NAMES[number % LAST_NAMES.len()];
                match number / LAST_NAMES.len() {
                    0 => format!("{first}.{last}"),
                    round => format!("{first}.{last}{}", round + 1),
                }
            }
            8..13 => format!("{team}-{}", STORES[slot - RESOURCES.start].0),
            13..19 => format!("{team}-{}-api", NOUNS[slot - APIS.start]),
            TEMPLATE => format!("{team}-starter"),
            _ => format!("{team}-{}", ROLES[slot - COMPONENTS.start]),
        }
    }

    fn namespace(self, slot: usize) -> Option<&'static str> {
        (RESOURCES.contains(&slot) && self.number % APART == APART - 1).then_some("vault")
    }

    /// A reference to an entity, in one of the spellings of people. Some fields need the kind.
    fn reference(self, slot: usize, kind: Option<&str>, random: &mut Random) -> String {
        let name = self.entity(slot);
        match (self.namespace(slot), kind, random.below(10)) {
            (Some(namespace), Some(kind), _) => format!("{kind}:{namespace}/{name}"),
            (Some(namespace), None, _) => format!("{namespace}/{name}"),
            (None, Some(kind), 0) => format!("{kind}:default/{name}"),
            (None, Some(kind), _) => format!("{kind}:{name}"),
            (None, None, 0) => format!("default/{name}"),
            (None, None, _) => name,
        }
    }

    fn owner(self, random: &mut Random) -> String {
        // Teams come and go.
        if random.is_one_of(3) {
            return format!("former-{}", random.one(AREAS));
        }
        match random.below(20) {
            0 => format!("user:{}", self.entity(USERS.start)),
            1..4 => self.reference(GROUP, Some("group"), random),
            _ => self.reference(GROUP, None, random),
        }
    }

    fn write(self, folder: &Folder) -> io::Result<Count> {
        let at = self.folder();
        let mut count = self.location(folder, &at)?;
        count = count + self.organisation(folder, &at)?;
        for slot in self.those(RESOURCES) {
            let path = format!("{at}/resources/{}.yaml", self.entity(slot));
            let mut text = Text::default();
            self.resource(slot, &mut text);
            count = count + folder.descriptor(&path, 1, text.as_str())?;
        }
        // Every other API stands in the file of the component that provides it, where that is there yet.
        for slot in self.those(APIS) {
            if self.provider(slot).is_none() {
                let at = format!("{at}/{}", self.entity(slot));
                let mut text = Text::default();
                count = count + self.api(slot, &at, folder, &mut text)?;
                let path = format!("{at}/catalog-info.yaml");
                count = count + folder.descriptor(&path, 1, text.as_str())?;
            }
        }
        for slot in self.those(COMPONENTS) {
            let at = format!("{at}/{}", self.entity(slot));
            count = count + self.component_and_files(slot, &at, folder)?;
        }
        if self.has(TEMPLATE) {
            let mut text = Text::default();
            self.template(&mut text);
            count = count + folder.descriptor(&format!("{at}/template.yaml"), 1, text.as_str())?;
        }
        let ignored = format!("{at}/node_modules/left-shift");
        let decoy =
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: left-shift\n";
        for (name, text) in [
            ("catalog-info.yaml", decoy),
            ("index.js", "module.exports = {};\n"),
        ] {
            count = count + folder.unrelated(&format!("{ignored}/{name}"), text)?;
        }
        Ok(count)
    }

    /// The component whose file an API stands in.
    fn provider(self, api: usize) -> Option<usize> {
        let component = COMPONENTS.start + api - APIS.start;
        (api.is_multiple_of(2) && self.has(component)).then_some(component)
    }

    fn location(self, folder: &Folder, at: &str) -> io::Result<Count> {
        let mut random = self.random(LOCATION);
        let mut text = Text::default();
        envelope("Location", &self.entity(LOCATION), &mut text);
        description("What the team owns.", &mut random, &mut text);
        text.line(0, "spec:");
        text.line(2, "targets:");
        if self.len() == 1 {
            text.line(4, "[]");
        }
        for (file, slot) in [
            ("org", GROUP),
            ("systems", SYSTEMS.start),
            ("template", TEMPLATE),
        ] {
            if self.has(slot) {
                text.line(4, format_args!("- ./{file}.yaml"));
            }
        }
        if self.number % PATTERN == PATTERN - 1 && self.has(RESOURCES.start) {
            text.line(4, "- ./resources/*.yaml");
        } else {
            for slot in self.those(RESOURCES) {
                text.line(4, format_args!("- ./resources/{}.yaml", self.entity(slot)));
            }
        }
        folder.descriptor(&format!("{at}/catalog-info.yaml"), 1, text.as_str())
    }

    /// The files of several documents.
    fn organisation(self, folder: &Folder, at: &str) -> io::Result<Count> {
        let mut count = Count::default();
        if self.has(GROUP) {
            let users = self.those(USERS);
            let entities = 1 + users.len();
            let mut text = Text::default();
            self.group(&mut text);
            for slot in users {
                text.line(0, "---");
                self.user(slot, &mut text);
            }
            count =
                count + folder.descriptor(&format!("{at}/org.yaml"), entities, text.as_str())?;
        }
        let systems = self.those(SYSTEMS);
        if !systems.is_empty() {
            let entities = systems.len();
            let mut text = Text::default();
            for slot in systems {
                text.line(0, "---");
                self.system(slot, &mut text);
            }
            let path = format!("{at}/systems.yaml");
            count = count + folder.descriptor(&path, entities, text.as_str())?;
        }
        Ok(count)
    }

    fn group(self, text: &mut Text) {
        let mut random = self.random(GROUP);
        let name = self.entity(GROUP);
        envelope("Group", &name, text);
        description(&sentence(&mut random), &mut random, text);
        let (group_type, parent) = match self.number {
            0 => ("organization", None),
            number if number % DEPARTMENT == 0 => ("department", Some(0)),
            number => ("team", Some(number / DEPARTMENT * DEPARTMENT)),
        };
        text.line(0, "spec:");
        text.line(2, format_args!("type: {group_type}"));
        text.line(2, "profile:");
        text.line(
            4,
            format_args!("displayName: {}", scalar(&title(&name), &mut random)),
        );
        text.line(4, format_args!("email: {name}@acme.example"));
        if let Some(parent) = parent {
            let parent = self.other(parent).reference(GROUP, None, &mut random);
            text.line(2, format_args!("parent: {parent}"));
        }
        text.line(2, "children: []");
    }

    fn user(self, slot: usize, text: &mut Text) {
        let mut random = self.random(slot);
        let name = self.entity(slot);
        envelope("User", &name, text);
        text.line(0, "spec:");
        text.line(2, "profile:");
        text.line(
            4,
            format_args!("displayName: {}", scalar(&title(&name), &mut random)),
        );
        text.line(4, format_args!("email: {name}@acme.example"));
        let group = self.reference(GROUP, None, &mut random);
        text.list(2, "memberOf", &[group], &mut random);
    }

    /// A system, or the domain in its place.
    fn system(self, slot: usize, text: &mut Text) {
        let mut random = self.random(slot);
        let domain = self.other(self.number / DOMAIN * DOMAIN);
        let is_domain = domain.number == self.number && slot == SYSTEMS.start;
        let name = self.entity(slot);
        envelope(if is_domain { "Domain" } else { "System" }, &name, text);
        text.line(
            2,
            format_args!("title: {}", scalar(&title(&name), &mut random)),
        );
        description(&sentence(&mut random), &mut random, text);
        text.line(0, "spec:");
        text.line(2, format_args!("owner: {}", self.owner(&mut random)));
        if !is_domain {
            let domain = domain.reference(SYSTEMS.start, None, &mut random);
            text.line(2, format_args!("domain: {domain}"));
        }
    }

    /// A field that names the system: never the place that a domain has.
    fn system_field(self, random: &mut Random, text: &mut Text) {
        if random.is_one_of(600) {
            let system = self.reference(SYSTEMS.start + 1, None, random);
            // A slip of the hand.
            let slip = if random.is_one_of(5) { "e" } else { "" };
            text.line(2, format_args!("system: {system}{slip}"));
        }
    }

    fn resource(self, slot: usize, text: &mut Text) {
        let mut random = self.random(slot);
        envelope("Resource", &self.entity(slot), text);
        if let Some(namespace) = self.namespace(slot) {
            text.line(2, format_args!("namespace: {namespace}"));
        }
        description(&sentence(&mut random), &mut random, text);
        tags(&mut random, text);
        text.line(0, "spec:");
        text.line(
            2,
            format_args!("type: {}", STORES[slot - RESOURCES.start].1),
        );
        if self.namespace(slot).is_some() {
            let owner = self.entity(GROUP);
            text.line(2, format_args!("owner: group:default/{owner}"));
        } else {
            text.line(2, format_args!("owner: {}", self.owner(&mut random)));
            self.system_field(&mut random, text);
        }
    }

    /// An API, with its definition in the text or in a file beside it.
    fn api(self, slot: usize, at: &str, folder: &Folder, text: &mut Text) -> io::Result<Count> {
        let mut random = self.random(slot);
        let name = self.entity(slot);
        let language = Language::any(&mut random);
        envelope("API", &name, text);
        description(&sentence(&mut random), &mut random, text);
        tags(&mut random, text);
        text.line(0, "spec:");
        text.line(2, format_args!("type: {}", language.api_type()));
        text.line(2, format_args!("lifecycle: {}", random.one(LIFECYCLES)));
        text.line(2, format_args!("owner: {}", self.owner(&mut random)));
        self.system_field(&mut random, text);
        let length = match random.below(1000) {
            0..5 => random.between(150_000, 210_000),
            5..170 => random.between(25_000, 42_000),
            170..450 => random.between(3000, 9000),
            _ => random.between(300, 2500),
        };
        let definition = language.definition(&title(&name), length, &mut random);
        if random.is_one_of(400) {
            let file = language.file_name();
            text.line(2, "definition:");
            let placeholder = match language {
                Language::OpenApi if random.is_one_of(200) => "$openapi",
                _ => "$text",
            };
            text.line(4, format_args!("{placeholder}: ./{file}"));
            folder.unrelated(&format!("{at}/{file}"), &definition)
        } else {
            text.block(2, "definition", &definition);
            Ok(Count::default())
        }
    }

    /// A component, the API it provides, and the files around it.
    fn component_and_files(self, slot: usize, at: &str, folder: &Folder) -> io::Result<Count> {
        let mut random = self.random(slot);
        let mut text = Text::default();
        let mut count = Count::default();
        let has_docs = self.component(slot, &mut random, &mut text);
        let api = (APIS.start + slot).checked_sub(COMPONENTS.start);
        let api = api.filter(|api| APIS.contains(api) && self.provider(*api).is_some());
        if let Some(api) = api {
            text.line(0, "---");
            count = count + self.api(api, at, folder, &mut text)?;
        }
        let entities = 1 + usize::from(api.is_some());
        let path = format!("{at}/catalog-info.yaml");
        count = count + folder.descriptor(&path, entities, text.as_str())?;
        let readme = format!(
            "# {}\n\n{}\n",
            title(&self.entity(slot)),
            sentence(&mut random)
        );
        let others = [
            (has_docs || random.is_one_of(300), "README.md", &*readme),
            (
                random.is_one_of(350),
                "src/main.go",
                "package main\n\nfunc main() {}\n",
            ),
            (
                random.is_one_of(250),
                "deploy/values.yaml",
                "replicas: 2\nimage: {tag: latest}\n",
            ),
        ];
        for (_, name, text) in others.iter().filter(|(is_there, ..)| *is_there) {
            count = count + folder.unrelated(&format!("{at}/{name}"), text)?;
        }
        Ok(count)
    }

    /// A component; whether its documentation is to be beside it.
    fn component(self, slot: usize, random: &mut Random, text: &mut Text) -> bool {
        let name = self.entity(slot);
        if random.is_one_of(120) {
            text.line(0, "---");
        }
        if random.is_one_of(140) {
            text.line(0, format_args!("# {}", sentence(random)));
        }
        envelope("Component", &name, text);
        if random.is_one_of(30) {
            text.line(2, "namespace: default");
        }
        if random.is_one_of(440) {
            text.line(2, format_args!("title: {}", scalar(&title(&name), random)));
        }
        long_description(random, text);
        if random.is_one_of(40) {
            text.line(2, "labels:");
            text.line(4, format_args!("tier: \"{}\"", random.between(1, 3)));
        }
        let has_docs = random.is_one_of(250);
        self.annotations(&name, has_docs, random, text);
        tags(random, text);
        links(&name, random, text);
        text.line(0, "spec:");
        text.line(2, format_args!("type: {}", random.one(COMPONENT_TYPES)));
        text.line(2, format_args!("lifecycle: {}", random.one(LIFECYCLES)));
        let comment = if random.is_one_of(60) {
            " # on call at night as well"
        } else {
            ""
        };
        text.line(2, format_args!("owner: {}{comment}", self.owner(random)));
        self.system_field(random, text);
        self.relations(slot, random, text);
        has_docs
    }

    fn relations(self, slot: usize, random: &mut Random, text: &mut Text) {
        if slot > COMPONENTS.start && random.is_one_of(80) {
            let whole = self.reference(random.between(COMPONENTS.start, slot - 1), None, random);
            text.line(2, format_args!("subcomponentOf: {whole}"));
        }
        let api = (APIS.start + slot).checked_sub(COMPONENTS.start);
        if let Some(api) = api.filter(|api| APIS.contains(api)) {
            let api = self.reference(api, None, random);
            text.list(2, "providesApis", &[api], random);
        }
        let mut consumed = Vec::new();
        if random.is_one_of(200) {
            for slot in several(APIS, random) {
                let team = self.other(random.below(self.number + 1));
                consumed.push(team.reference(slot, None, random));
            }
        }
        text.list(2, "consumesApis", &consumed, random);
        let mut needed = Vec::new();
        if random.is_one_of(300) {
            for slot in several(RESOURCES, random) {
                needed.push(self.reference(slot, Some("resource"), random));
            }
        }
        if self.number > 0 && random.is_one_of(150) {
            let team = self.other(random.below(self.number));
            let slot = random.between(COMPONENTS.start, COMPONENTS.end - 1);
            needed.push(team.reference(slot, Some("component"), random));
        }
        if random.is_one_of(25) {
            needed.push(format!("resource:{}-mainframe", random.one(AREAS)));
        }
        text.list(2, "dependsOn", &needed, random);
    }

    fn annotations(self, name: &str, has_docs: bool, random: &mut Random, text: &mut Text) {
        if !has_docs && random.is_one_of(120) {
            return;
        }
        let team = self.name();
        text.line(2, "annotations:");
        let repository = format!("https://github.com/acme/{name}");
        text.line(
            4,
            format_args!(
                "github.com/project-slug: {}",
                scalar(&format!("acme/{name}"), random)
            ),
        );
        if has_docs {
            text.line(4, "backstage.io/techdocs-ref: dir:.");
        }
        let key: String = team
            .chars()
            .filter(char::is_ascii_alphabetic)
            .take(5)
            .collect();
        let key = key.to_uppercase();
        let number = random.between(100, 9999);
        for (per_mille, line) in [
            (
                500,
                format!("backstage.io/view-url: {repository}/blob/main/catalog-info.yaml"),
            ),
            (
                500,
                format!("backstage.io/edit-url: {repository}/edit/main/catalog-info.yaml"),
            ),
            (
                200,
                format!("backstage.io/source-location: url:{repository}/"),
            ),
            (300, format!("backstage.io/kubernetes-id: {name}")),
            (
                60,
                format!("backstage.io/kubernetes-label-selector: 'app={name},tier=backend'"),
            ),
            (300, format!("github.com/team-slug: acme/{team}")),
            (120, format!("argocd/app-name: {name}")),
            (150, format!("sonarqube.org/project-key: \"acme_{name}\"")),
            (120, format!("jira/project-key: {key}")),
            (80, format!("pagerduty.com/service-id: P{key}{number}")),
            (80, format!("sentry.io/project-slug: {name}")),
            (
                50,
                format!("grafana/dashboard-selector: \"tags @> '{team}'\""),
            ),
            (
                60,
                format!("lighthouse.com/website-url: https://{name}.acme.example"),
            ),
            (100, format!("acme.example/cost-center: '{number}'")),
            (
                60,
                format!(
                    "acme.example/reviewed-on: 2025-03-{:02}",
                    random.between(1, 28)
                ),
            ),
        ] {
            if random.is_one_of(per_mille) {
                text.line(4, line);
            }
        }
    }

    fn template(self, text: &mut Text) {
        let mut random = self.random(TEMPLATE);
        let name = self.entity(TEMPLATE);
        text.line(0, "apiVersion: scaffolder.backstage.io/v1beta3");
        text.line(0, "kind: Template");
        text.line(0, "metadata:");
        text.line(2, format_args!("name: {name}"));
        text.line(
            2,
            format_args!("title: {}", scalar(&title(&name), &mut random)),
        );
        description(&sentence(&mut random), &mut random, text);
        tags(&mut random, text);
        text.line(0, "spec:");
        text.line(2, format_args!("owner: {}", self.owner(&mut random)));
        text.line(2, "type: service");
        text.line(2, "parameters:");
        text.line(4, "- title: What it is called");
        text.line(6, "required: [name]");
        text.line(6, "properties:");
        for property in ["name", "description", "region"]
            .iter()
            .take(random.between(1, 3))
        {
            text.line(8, format_args!("{property}:"));
            text.line(10, "type: string");
            text.line(10, format_args!("title: {}", title(property)));
            text.line(10, format_args!("description: {}", sentence(&mut random)));
        }
        text.line(2, "steps:");
        for step in ["fetch", "publish", "register"] {
            text.line(4, format_args!("- id: {step}"));
            text.line(6, format_args!("name: {}", title(step)));
            text.line(6, format_args!("action: {step}:all"));
            text.line(6, "input:");
            text.line(8, "name: ${{ parameters.name }}");
        }
    }
}

fn envelope(kind: &str, name: &str, text: &mut Text) {
    text.line(0, "apiVersion: backstage.io/v1alpha1");
    text.line(0, format_args!("kind: {kind}"));
    text.line(0, "metadata:");
    text.line(2, format_args!("name: {name}"));
}

/// Between one and all of a range, in order.
fn several(slots: Range<usize>, random: &mut Random) -> Range<usize> {
    let start = random.between(slots.start, slots.end - 1);
    start..random.between(start + 1, slots.end)
}

fn description(content: &str, random: &mut Random, text: &mut Text) {
    text.line(2, format_args!("description: {}", scalar(content, random)));
}

/// A description as people write them: a line, most often; sometimes half a page.
fn long_description(random: &mut Random, text: &mut Text) {
    match random.below(100) {
        0..5 => {}
        5..35 => description(&sentence(random), random, text),
        35..72 => {
            text.line(2, "description: >-");
            for _ in 0..random.between(1, 5) {
                text.line(4, sentence(random));
            }
        }
        long => {
            let most = if long < 90 { 9 } else { 40 };
            let mut content = Text::default();
            for line in 0..random.between(2, most) {
                if line % 5 == 4 {
                    content.line(0, "");
                }
                let bullet = if line % 5 > 1 { "- " } else { "" };
                content.line(0, format_args!("{bullet}{}", sentence(random)));
            }
            text.block(2, "description", content.as_str());
        }
    }
}

fn tags(random: &mut Random, text: &mut Text) {
    if random.is_one_of(580) {
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..random.between(1, 4) {
            let tag = random.one(TAGS).to_owned();
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        text.list(2, "tags", &tags, random);
    }
}

fn links(name: &str, random: &mut Random, text: &mut Text) {
    const LINKS: &[(&str, &str, &str)] = &[
        ("Source", "github", "https://github.com/acme/"),
        ("Dashboard", "dashboard", "https://grafana.acme.example/d/"),
        ("Runbook", "docs", "https://wiki.acme.example/runbooks/"),
        ("Site", "web", "https://www.acme.example/"),
    ];
    if random.is_one_of(450) {
        text.line(2, "links:");
        for (title, icon, address) in &LINKS[several(0..LINKS.len(), random)] {
            text.line(4, format_args!("- url: {address}{name}"));
            text.line(6, format_args!("title: {}", scalar(title, random)));
            if random.is_one_of(800) {
                text.line(6, format_args!("icon: {icon}"));
            }
        }
    }
}
