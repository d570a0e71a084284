//! Which descriptor stands for which entity, where several define one.
//!
//! In: descriptors in the order in which they are found. Out: at most one for each ref, and findings about the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;

use super::{Descriptor, Packed};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FieldPath, FileId, Origin, Sources};
use crate::yaml;

/// Which descriptor stands for which entity: the first file wins, and within a file the last document.
#[derive(Default)]
pub(super) struct Claims {
    holders: HashMap<String, Origin>,
}

impl Claims {
    /// Keeps the descriptors that stand for their entities, and reports the others.
    pub(super) fn settle(
        &mut self,
        read: Vec<Descriptor<Packed>>,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Descriptor<Packed>> {
        // The last document of a file replaces the earlier ones before anything is processed.
        let mut last: HashMap<(FileId, String), usize> = HashMap::new();
        let refs: Vec<String> = read
            .iter()
            .map(|found| found.entity_ref.canonical())
            .collect();
        for (index, (descriptor, entity_ref)) in read.iter().zip(&refs).enumerate() {
            last.insert((descriptor.origin.file, entity_ref.clone()), index);
        }
        let origins: Vec<Origin> = read.iter().map(|found| found.origin).collect();
        let mut kept = Vec::with_capacity(read.len());
        let mut refused = Vec::new();
        for (index, (descriptor, entity_ref)) in read.into_iter().zip(refs).enumerate() {
            let file = descriptor.origin.file;
            let winner = last
                .get(&(file, entity_ref.clone()))
                .copied()
                .unwrap_or(index);
            let holder = match self.holders.entry(entity_ref) {
                Entry::Occupied(holder) if holder.get().file != file => *holder.get(),
                _ if winner != index => origins[winner],
                claim => {
                    claim.insert_entry(descriptor.origin);
                    kept.push(descriptor);
                    continue;
                }
            };
            refused.push((descriptor, holder));
        }
        report_duplicates(refused, sources, diagnostics);
        kept
    }
}

fn report_duplicates(
    lost: Vec<(Descriptor<Packed>, Origin)>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    // Files are read again, each once: duplicates are rare, and keeping every document for them is not.
    let mut documents: HashMap<FileId, HashMap<usize, Value>> = HashMap::new();
    for (descriptor, holder) in lost {
        let read_again = documents.entry(holder.file).or_insert_with(|| {
            let documents = yaml::documents(&sources.text(holder.file).unwrap_or_default());
            let good = documents
                .into_iter()
                .filter_map(|document| Some((document.index, document.content.ok()?)));
            good.collect()
        });
        let is_identical = matches!(
            read_again.get(&holder.document),
            Some(Value::Object(value)) if *value == descriptor.value.fields()
        );
        let entity_ref = descriptor.entity_ref.canonical();
        let field = FieldPath::keys(["metadata", "name"]);
        let (code, message) = if is_identical {
            (
                Code::IdenticalDuplicate,
                format!("`{entity_ref}` is defined twice, in the same words"),
            )
        } else if holder.file == descriptor.origin.file {
            (
                Code::DuplicateEntity,
                format!("`{entity_ref}` is defined again further down, and the last one counts"),
            )
        } else {
            (
                Code::DuplicateEntity,
                format!("`{entity_ref}` is defined elsewhere in other words, and that one counts"),
            )
        };
        diagnostics.push(
            Diagnostic::new(code, message)
                .at(descriptor.origin.value(field.clone()))
                .related(holder.value(field), "this one counts")
                .help("remove one of the two, or give one another name or namespace"),
        );
    }
}
