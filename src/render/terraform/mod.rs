//! Target `terraform`: `.port/terraform/*.tf`, resources of Port's Terraform provider (port-labs/port-labs).
//!
//! In: a catalog. Out: for the whole run, in the first root, `provider.tf`, `blueprints.tf` with all blueprints, and for
//! each blueprint `entities.<blueprint>.tf`. What the provider cannot express is a finding.
//!
//! A state of Terraform holds each blueprint once, so there is one folder however many roots there are.

mod blueprint;
mod entity;
mod stages;
mod table;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use icu_normalizer::ComposingNormalizerBorrowed;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::limit::{self, Limit};
use super::{BY_PROFILE, DO_NOT_EDIT, Manifest, Text, file_name};
use crate::diagnostic::Diagnostics;
use crate::generated;
use crate::hcl::{self, Attributes, Expression};
use crate::port;
use crate::source::Sources;
use stages::Stages;

/// The folder of the files. Terraform reads no folders below it.
const FOLDER: &str = ".port/terraform";
/// The longest file name made of an identifier, in bytes.
const MAX_NAME: usize = 190;
/// The oldest version of the provider with all that is written here.
const PROVIDER_VERSION: &str = "~> 2.23";
/// Holds in every run of Terraform but the first of two.
const SECOND: &str = "var.stage == 2";

/// What all files with entities have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Common {
    stages: Stages,
    /// Whether resources are imported.
    imports: bool,
}

/// How the text of a file with entities is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    common: Arc<Common>,
    /// The positions of the entities, all of one blueprint, in the order of their identifiers.
    pub(super) entities: Box<[usize]>,
}

impl Recipe {
    /// The text of the file.
    pub(super) fn text(&self, catalog: &port::Catalog) -> String {
        let mut text = opening(DO_NOT_EDIT);
        let entities = || {
            self.entities
                .iter()
                .filter_map(|at| catalog.entities.get(*at))
        };
        let blueprint = entities().next().and_then(|first| {
            let mut blueprints = catalog.blueprints.iter();
            blueprints.find(|blueprint| blueprint.identifier == first.blueprint())
        });
        for entity in entities() {
            let entity = entity.unpacked();
            let name = hcl::entity_name(&entity.blueprint, &entity.identifier);
            let resource = entity::Resource {
                entity: &entity,
                blueprint,
                is_given: catalog.are_given,
                stages: &self.common.stages,
            };
            let attributes = resource.attributes(&mut Vec::new());
            text.push('\n');
            hcl::block(&mut text, "resource", &["port_entity", &name], &attributes);
            if self.common.imports && entity::can_be_imported(&entity) {
                let id = format!("{}:{}", entity.blueprint, entity.identifier);
                import(&mut text, format!("port_entity.{name}"), &id);
            }
        }
        text
    }
}

/// The files of the run.
pub(super) fn manifests(
    catalog: &port::Catalog,
    sources: &Sources,
    imports: bool,
    diagnostics: &mut Diagnostics,
) -> Vec<Manifest> {
    let Some(root) = sources
        .first_root()
        .filter(|_| !catalog.entities.is_empty())
    else {
        return Vec::new();
    };
    let stages = Stages::of(catalog);
    let mut limits: Vec<Limit> = Vec::new();
    let mut made = vec![Manifest::new(
        root,
        format!("{FOLDER}/provider.tf"),
        provider(stages.are_two()),
    )];
    if !catalog.are_given {
        let text = blueprints(catalog, &stages, imports, &mut limits);
        made.push(Manifest::new(root, format!("{FOLDER}/blueprints.tf"), text));
    }
    limits.extend(entity::limits(catalog, &stages, imports));
    limit::report(limits, diagnostics);
    let mut files: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (position, entity) in catalog.entities.iter().enumerate() {
        files.entry(entity.blueprint()).or_default().push(position);
    }
    let common = Arc::new(Common { stages, imports });
    let files: Vec<_> = files.into_iter().collect();
    let files: Vec<Manifest> = files
        .into_par_iter()
        .map(|(blueprint, mut entities)| {
            entities.sort_unstable_by_key(|position| catalog.entities[*position].identifier());
            let recipe = Recipe {
                common: Arc::clone(&common),
                entities: entities.into(),
            };
            Manifest {
                root,
                path: format!("{FOLDER}/entities.{}.tf", file(blueprint)).into(),
                whole: None,
                text: Text::Resources(recipe),
            }
        })
        .collect();
    made.extend(files);
    made
}

/// The name of the file of a blueprint. Names that are too long for a file system end in a checksum, after a `=` that no
/// other name has there.
fn file(blueprint: &str) -> Cow<'_, str> {
    let path = file_name::path(blueprint).into_string();
    if path.len() <= MAX_NAME && !path.contains('/') {
        return path.into();
    }
    let mut stem = path
        .split('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches('=')
        .to_owned();
    stem.truncate(MAX_NAME);
    format!("{stem}=.{:032x}", generated::fingerprint(blueprint)).into()
}

fn opening(rest: &str) -> String {
    format!("# {}\n", generated::opening(rest))
}

/// The provider, and the variables with which it is told who is asking.
fn provider(are_two: bool) -> String {
    let mut text = opening(BY_PROFILE);
    text.push_str(
        "\nterraform {\n  required_version = \">= 1.5\"\n  required_providers {\n    port = {\n      \
         source  = \"port-labs/port-labs\"\n",
    );
    text.push_str("      version = \"");
    text.push_str(PROVIDER_VERSION);
    text.push_str("\"\n    }\n  }\n}\n");
    let variable = |text: &mut String, name: &str, about: &str, is_secret: bool| {
        let mut attributes = vec![
            attribute("description", Expression::text(about)),
            attribute("type", Expression::Reference("string".to_owned())),
            attribute("default", Expression::Literal(serde_json::Value::Null)),
        ];
        if is_secret {
            attributes.push(attribute("sensitive", Expression::Literal(true.into())));
        }
        text.push('\n');
        hcl::block(text, "variable", &[name], &attributes);
    };
    variable(
        &mut text,
        "port_client_id",
        "Client id of Port; without it PORT_CLIENT_ID of the environment",
        false,
    );
    variable(
        &mut text,
        "port_client_secret",
        "Client secret of Port; without it PORT_CLIENT_SECRET of the environment",
        true,
    );
    variable(
        &mut text,
        "port_base_url",
        "Address of Port's API; without it PORT_BASE_URL of the environment, or Port's own",
        false,
    );
    text.push('\n');
    let of = |name: &str| Expression::Reference(format!("var.{name}"));
    let attributes = vec![
        attribute("client_id", of("port_client_id")),
        attribute("secret", of("port_client_secret")),
        attribute("base_url", of("port_base_url")),
    ];
    hcl::block(&mut text, "provider", &["port"], &attributes);
    if are_two {
        text.push_str(
            "\n# Some relations lead in a circle, and Terraform makes one thing after the other. The first apply leaves out \
             those\n\
             # that would close a circle (-var stage=1); every later one has them all.\n\
             variable \"stage\" {\n  description = \"1 for the first apply, which leaves out the relations that close a \
             circle; 2 from then on\"\n  \
             type        = number\n  default     = 2\n\n  validation {\n    condition     = contains([1, 2], var.stage)\n    \
             error_message = \"The stage is 1 or 2.\"\n  }\n}\n",
        );
    }
    text
}

fn blueprints(
    catalog: &port::Catalog,
    stages: &Stages,
    imports: bool,
    limits: &mut Vec<Limit>,
) -> String {
    let mut text = opening(BY_PROFILE);
    for blueprint in &catalog.blueprints {
        let name = hcl::name(&blueprint.identifier);
        let resource = blueprint::Resource { blueprint, stages };
        let kind = kind(&blueprint.identifier);
        let attributes = resource.attributes(limits);
        text.push('\n');
        hcl::block(&mut text, "resource", &[kind, &name], &attributes);
        if kind != SYSTEM {
            // Before the brace that closes it.
            text.truncate(text.len() - "}\n".len());
            text.push_str(LIFECYCLE);
        }
        // The blueprints that every organization has can be imported, and not made.
        if imports || kind == SYSTEM {
            import(&mut text, format!("{kind}.{name}"), &blueprint.identifier);
        }
        if let Some(attributes) = resource.aggregations(limits) {
            let kind = "port_aggregation_properties";
            text.push('\n');
            hcl::block(&mut text, "resource", &[kind, &name], &attributes);
            if imports {
                import(&mut text, format!("{kind}.{name}"), &blueprint.identifier);
            }
        }
    }
    text
}

/// Port keeps a blueprint while a relation leads to it, so those that let go of it come first. No change makes a new one.
const LIFECYCLE: &str = "\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n";

const SYSTEM: &str = "port_system_blueprint";

const COMPOSED: &str = "Terraform makes Unicode NFC of every text";

/// Whether Terraform leaves a text as it is.
fn is_composed(text: &str) -> bool {
    text.is_ascii() || ComposingNormalizerBorrowed::new_nfc().is_normalized(text)
}

/// The type of the resource of a blueprint.
fn kind(blueprint: &str) -> &'static str {
    if blueprint.starts_with('_') {
        SYSTEM
    } else {
        "port_blueprint"
    }
}

/// What stands for the identifier of a blueprint of the run, so that Terraform makes the blueprint first.
fn blueprint_reference(blueprint: &str) -> Expression {
    Expression::Reference(format!(
        "{}.{}.identifier",
        kind(blueprint),
        hcl::name(blueprint)
    ))
}

fn import(text: &mut String, to: String, id: &str) {
    let attributes = vec![
        attribute("to", Expression::Reference(to)),
        attribute("id", Expression::text(id)),
    ];
    text.push('\n');
    hcl::block(text, "import", &[], &attributes);
}

fn attribute(name: &str, value: Expression) -> (String, Expression) {
    (name.to_owned(), value)
}

/// An object as an attribute, if it has members.
fn object(name: &str, members: Attributes) -> Option<(String, Expression)> {
    (!members.is_empty()).then(|| attribute(name, Expression::Object(members)))
}

#[cfg(test)]
mod tests;
