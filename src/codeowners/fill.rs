//! Gives descriptors without an owner the code owner of their file.
//!
//! In: descriptors that are not validated yet. Out: the same, with `spec.owner` where a code owner is a known group or
//! user; each is told. What is written stays, and so does a descriptor of a kind that has no owner.

use std::collections::BTreeSet;

use serde_json::Value;

use super::known::{Behind, Known};
use super::{CodeOwners, OfRoot, in_words, span, tell_unmapped};
use crate::backstage::dump::Recorded;
use crate::backstage::{Descriptor, Packed, has_owner};
use crate::codeowners::parse::{Owner, Rule};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, Sources};

impl CodeOwners<'_> {
    /// Gives descriptors without an owner the first code owner of their file that is known: by the mapping, or as a group
    /// or user of the descriptors and dumps.
    pub fn fill(
        &mut self,
        descriptors: &mut [Descriptor<Packed>],
        recorded: &[Recorded],
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) {
        if !self.rules.fills {
            return;
        }
        let mut known = Known::new(&self.rules.owners);
        let recorded = recorded.iter().map(Recorded::descriptor);
        for descriptor in descriptors.iter().chain(recorded) {
            known.add(&descriptor.entity_ref, &descriptor.value);
        }
        let wanting: Vec<&mut Descriptor<Packed>> = descriptors
            .iter_mut()
            .filter(|it| wants_owner(it))
            .collect();
        let files = wanting.iter().map(|descriptor| descriptor.origin.file);
        let deciding = self.deciding(files, sources);
        let mut unfilled = Vec::new();
        let mut told = BTreeSet::new();
        for descriptor in wanting {
            let origin = descriptor.origin;
            let Some((of_root, rules)) = deciding.get(&origin.file) else {
                let reason = "--owner-from codeowners found no CODEOWNERS file in the repository";
                unfilled.push((origin, reason.to_owned()));
                continue;
            };
            let owners: Vec<(&Rule, &Owner)> = rules
                .iter()
                .flat_map(|rule| rule.owners.iter().map(|owner| (*rule, owner)))
                .collect();
            let first = owners.iter().find_map(|(rule, owner)| {
                match known.behind(&owner.text, of_root.dialect) {
                    Behind::Entity(entity) => Some((*rule, *owner, entity)),
                    Behind::Unknown(_) => None,
                }
            });
            let Some((rule, owner, entity)) = first else {
                unfilled.push((origin, reason(of_root, rules, sources)));
                for (_, owner) in owners {
                    let spec = origin.value(FieldPath::keys(["spec"]));
                    let open = (spec, "this entity stays without an owner");
                    tell_unmapped(&mut told, owner, of_root.file, open, diagnostics);
                }
                continue;
            };
            let message = format!(
                "`{}` is owned by `{entity}`: the code owner of its file is {}",
                descriptor.entity_ref,
                in_words(&[owner])
            );
            diagnostics.push(
                Diagnostic::new(Code::CodeownersOwner, message)
                    .at(origin.value(FieldPath::keys(["spec"])))
                    .related(span(of_root.file, &rule.bytes), "this line says so"),
            );
            let mut fields = descriptor.value.fields();
            if let Some(Value::Object(spec)) = fields.get_mut("spec") {
                spec.insert("owner".to_owned(), Value::String(entity));
                descriptor.value = Packed::of(&fields);
            }
        }
        self.unfilled = unfilled;
        self.told = told;
    }
}

/// Whether a descriptor is of a kind that has an owner, and has none.
fn wants_owner(descriptor: &Descriptor<Packed>) -> bool {
    let fields = descriptor.value.fields();
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let (Some(kind), Some(api_version)) = (text("kind"), text("apiVersion")) else {
        return false;
    };
    let spec = fields.get("spec").and_then(Value::as_object);
    let is_open = spec.is_some_and(|spec| spec.get("owner").is_none_or(Value::is_null));
    is_open && has_owner(kind, api_version)
}

/// Why no code owner could be given.
fn reason(of_root: &OfRoot, rules: &[&Rule], sources: &Sources) -> String {
    let path = sources.display_path(of_root.file);
    let owners: Vec<&Owner> = rules.iter().flat_map(|rule| &rule.owners).collect();
    if rules.is_empty() {
        format!("--owner-from codeowners found no line of {path} that matches this file")
    } else if owners.is_empty() {
        format!("--owner-from codeowners found none: by {path} nobody owns this file")
    } else {
        format!(
            "--owner-from codeowners found {} in {path}, who is no group or user that is known",
            in_words(&owners)
        )
    }
}
