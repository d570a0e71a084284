//! The summary of a run: what was found, converted, skipped and why, and written.
//!
//! In: the outcome of a run, counted once. Out: a few lines a person likes to read.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Publication, Status, printable};
use crate::backstage::read::Tally;
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::judge::Judged;
use crate::map::account::Totals;
use crate::map::overlay::Adopted;
use crate::publish::{Outcome, Written};
use crate::{backstage, port};

/// The numbers of a run.
#[derive(Debug, Default)]
pub struct Summary {
    tally: Tally,
    kinds: BTreeMap<String, Kind>,
    findings: BTreeMap<(std::cmp::Reverse<Severity>, Code), usize>,
    severities: [usize; 3],
    fields: Option<Totals>,
    judged: Judged,
}

#[derive(Debug, Default)]
struct Kind {
    entities: usize,
    converted: usize,
    blueprints: BTreeSet<String>,
}

impl Summary {
    /// Counts what was read.
    #[must_use]
    pub fn new(
        tally: Tally,
        catalog: &backstage::Catalog,
        diagnostics: &Diagnostics,
        judged: Judged,
    ) -> Self {
        let mut summary = Self {
            tally,
            judged,
            ..Self::default()
        };
        summary.count_kinds(catalog);
        summary.count_findings(diagnostics);
        summary
    }

    /// Counts what was converted as well.
    #[must_use]
    pub fn with_converted(
        mut self,
        catalog: &backstage::Catalog,
        converted: &port::Catalog,
    ) -> Self {
        let entities = catalog.entities().iter();
        let kind_of: BTreeMap<_, _> = entities
            .map(|entity| (entity.origin, &entity.entity_ref.kind))
            .collect();
        let mut seen = HashSet::new();
        for entity in &converted.entities {
            let kind = kind_of
                .get(&entity.origin)
                .and_then(|kind| self.kinds.get_mut(*kind));
            let Some(kind) = kind else { continue };
            kind.converted +=
                usize::from(seen.insert((entity.origin.file, entity.origin.document)));
            if !kind.blueprints.contains(entity.blueprint()) {
                kind.blueprints.insert(entity.blueprint().to_owned());
            }
        }
        self
    }

    /// Counts what became of the fields of descriptors as well.
    #[must_use]
    pub fn with_fields(mut self, totals: Totals) -> Self {
        self.fields = Some(totals);
        self
    }

    fn count_kinds(&mut self, catalog: &backstage::Catalog) {
        for entity in catalog.entities() {
            self.kinds
                .entry(entity.entity_ref.kind.clone())
                .or_default()
                .entities += 1;
        }
    }

    fn count_findings(&mut self, diagnostics: &Diagnostics) {
        for found in diagnostics.iter() {
            let key = (std::cmp::Reverse(found.severity), found.code);
            *self.findings.entry(key).or_default() += 1;
            self.severities[found.severity as usize] += 1;
        }
    }

    /// Entities of the catalog.
    #[must_use]
    pub fn entities(&self) -> usize {
        self.kinds.values().map(|kind| kind.entities).sum()
    }

    /// What was read, and what of it is in the catalog.
    #[must_use]
    pub fn read(&self) -> String {
        let tally = &self.tally;
        let entities = self.entities() - tally.converted;
        let mut text = format!(
            "Read {} with {}: {}.\n",
            counted(tally.files, "file"),
            counted(tally.documents, "document"),
            plural(entities, "entity", "entities")
        );
        if tally.dumps > 0 {
            let _ = writeln!(
                text,
                "Read {} with {}, {} of them also in descriptors, which win.",
                counted(tally.dumps, "catalog dump"),
                plural(tally.recorded, "entity", "entities"),
                tally.replaced
            );
        }
        if tally.skeletons > 0 {
            let skeletons = counted(tally.skeletons, "scaffolder skeleton");
            let _ = writeln!(
                text,
                "Skipped {skeletons}, to be rendered before they describe anything."
            );
            if tally.skeletons == tally.documents {
                text.push_str(
                    "No other descriptor was found: `--include GLOB` reads files of unusual names.\n",
                );
            }
        }
        let repeated = tally.repeated;
        let lost = tally
            .documents
            .saturating_sub(tally.skeletons + entities + repeated);
        if repeated > 0 {
            let _ = writeln!(
                text,
                "Left out {} of entities that another one defines.",
                counted(repeated, "document")
            );
        }
        if lost > 0 {
            let _ = writeln!(
                text,
                "Left out {} that cannot be read as an entity.",
                counted(lost, "document")
            );
        }
        text
    }

    /// How many entities of each kind became entities of which blueprint.
    #[must_use]
    pub fn converted(&self) -> String {
        let longest = self
            .kinds
            .keys()
            .map(|kind| printable(kind).chars().count())
            .max();
        let most = self.kinds.values().map(|kind| kind.entities).max();
        let width = most.unwrap_or(0).to_string().len();
        let mut text = String::new();
        for (name, kind) in &self.kinds {
            let name = printable(name);
            let _ = write!(
                text,
                "  {name:longest$}  {:>width$}  ",
                kind.entities,
                longest = longest.unwrap_or(0)
            );
            let blueprints: Vec<_> = kind.blueprints.iter().map(|id| printable(id)).collect();
            let _ = match kind.converted {
                0 => writeln!(text, "not converted: the findings say why"),
                all if all == kind.entities => writeln!(text, "-> {}", blueprints.join(", ")),
                some => writeln!(
                    text,
                    "-> {}, {} not converted",
                    blueprints.join(", "),
                    kind.entities - some
                ),
            };
        }
        text
    }

    /// How many fields of the converted entities reached Port.
    #[must_use]
    pub fn fields(&self) -> String {
        let Some(Totals {
            mapped,
            raw,
            dropped,
        }) = self.fields
        else {
            return String::new();
        };
        let more = if dropped > 0 {
            "; --format json names each"
        } else {
            ""
        };
        format!("Fields: {mapped} mapped, {raw} kept raw, {dropped} not in Port{more}.\n")
    }

    /// The numbers, for programs. What was not counted is left out.
    #[must_use]
    pub fn json(&self) -> Value {
        let kinds = self.kinds.iter().map(|(name, kind)| {
            let numbers = match self.fields {
                Some(_) => json!({
                    "entities": kind.entities,
                    "converted": kind.converted,
                    "blueprints": kind.blueprints,
                }),
                None => json!({"entities": kind.entities}),
            };
            (name.clone(), numbers)
        });
        let [notes, warnings, errors] = self.severities;
        let Tally {
            files,
            documents,
            skeletons,
            dumps,
            ..
        } = self.tally;
        let mut numbers = json!({
            "files": files,
            "documents": documents,
            "skeletons": skeletons,
            "dumps": dumps,
            "entities": self.entities(),
            "kinds": kinds.collect::<Map<_, _>>(),
            "findings": {"error": errors, "warning": warnings, "note": notes},
            "ignored": self.judged.ignored,
            "known": self.judged.known,
            "gone": self.judged.gone,
        });
        if let Some(Totals {
            mapped,
            raw,
            dropped,
        }) = self.fields
        {
            numbers["fields"] = json!({"mapped": mapped, "raw": raw, "dropped": dropped});
        }
        numbers
    }

    /// How many findings of each sort there are.
    #[must_use]
    pub fn found(&self) -> String {
        if self.findings.is_empty() {
            return "No findings.\n".to_owned() + &self.left_out();
        }
        let [notes, warnings, errors] = self.severities;
        let mut text = format!(
            "Found {}, {} and {}:\n",
            counted(errors, "error"),
            counted(warnings, "warning"),
            counted(notes, "note")
        );
        for ((std::cmp::Reverse(severity), code), count) in &self.findings {
            let _ = writeln!(
                text,
                "  {count:>5} {severity:<7} {code}: {}",
                code.summary()
            );
        }
        text + &self.left_out()
    }

    /// How many findings do not count.
    pub(super) fn left_out(&self) -> String {
        let Judged {
            ignored,
            known,
            gone,
        } = self.judged;
        let mut text = String::new();
        if ignored > 0 {
            let _ = writeln!(text, "Ignored {} by comments.", counted(ignored, "finding"));
        }
        if known > 0 {
            let _ = writeln!(
                text,
                "Left out {} of the baseline.",
                counted(known, "finding")
            );
        }
        if gone > 0 {
            let gone = are(gone, "finding");
            let _ = writeln!(
                text,
                "Of the baseline {gone} gone: --write-baseline writes it anew."
            );
        }
        text
    }
}

/// What became of the manifests.
#[must_use]
pub fn written(written: &Written, is_dry_run: bool) -> String {
    let count = |outcome| written.count(outcome);
    let (created, updated) = (count(Outcome::Created), count(Outcome::Updated));
    let (unchanged, deleted) = (count(Outcome::Unchanged), count(Outcome::Deleted));
    let mut text = match (written.changes(), unchanged) {
        (0, 0) => "Nothing to write.\n".to_owned(),
        (0, _) => format!(
            "Wrote nothing: {} up to date.\n",
            are(unchanged, "manifest")
        ),
        _ => {
            let verb = if is_dry_run { "Would write" } else { "Wrote" };
            let mut text = format!(
                "{verb} {}: {created} new, {updated} changed",
                counted(created + updated, "manifest")
            );
            if deleted > 0 {
                let verb = if is_dry_run {
                    "would delete"
                } else {
                    "deleted"
                };
                let _ = write!(text, "; {verb} {deleted} without a source");
            }
            text.push('.');
            if unchanged > 0 {
                let _ = write!(text, " {} up to date.", are(unchanged, "other"));
            }
            text.push('\n');
            text
        }
    };
    text.push_str(&left_alone(written));
    text
}

/// What became of a branch.
#[must_use]
pub fn published(publication: &Publication<'_>, written: &Written) -> String {
    let branch = printable(publication.branch);
    let commit = publication.commit.unwrap_or_default();
    let commit = commit.get(..SHORT_ID).unwrap_or(commit);
    let count = |outcome| written.count(outcome);
    let changes = format!(
        "{}: {} new, {} changed, {} deleted",
        counted(written.changes(), "manifest"),
        count(Outcome::Created),
        count(Outcome::Updated),
        count(Outcome::Deleted)
    );
    let mut text = match publication.status {
        Status::Committed => format!("Committed to {branch} at {commit}: {changes}.\n"),
        Status::WouldCommit => format!("Would commit to {branch}: {changes}.\n"),
        Status::Unchanged => format!("Nothing to do: {branch} has it all at {commit}.\n"),
        Status::Nothing => "Nothing to publish: the base has it all.\n".to_owned(),
        Status::Blocked => "Published nothing.\n".to_owned(),
    };
    text.push_str(&left_alone(written));
    text
}

/// How many digits of the id of a commit people read.
const SHORT_ID: usize = 10;

/// The manifests that are not as the run would have them, and why.
fn left_alone(written: &Written) -> String {
    let count = |outcome| written.count(outcome);
    let mut text = String::new();
    for (outcome, why) in [
        (Outcome::Foreign, "that this tool did not write"),
        (Outcome::Edited, "that was changed by hand"),
    ] {
        let left = count(outcome);
        if left > 0 {
            let why = if left == 1 {
                why.to_owned()
            } else {
                why.replace("was", "were")
            };
            let _ = writeln!(text, "Left alone {} {why}.", counted(left, "file"));
        }
    }
    let blocked = count(Outcome::Blocked);
    if blocked > 0 {
        let _ = writeln!(
            text,
            "Held back {}: the errors say why.",
            counted(blocked, "change")
        );
    }
    text
}

/// What was taken over from manifests that were changed by hand, an entity a line.
#[must_use]
pub fn adopted(adopted: &Adopted) -> String {
    let mut text = String::new();
    for entity in &adopted.entities {
        let parts: Vec<_> = entity.parts.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "Adopted for {}: {}.",
            printable(&entity.entity_ref),
            printable(&parts.join(", "))
        );
    }
    text
}

/// The files that are not as they should be, one a line.
#[must_use]
pub fn drift(written: &Written) -> String {
    let mut text = String::new();
    for (path, outcome) in &written.outcomes {
        let sign = match outcome {
            Outcome::Created => '+',
            Outcome::Updated | Outcome::Edited | Outcome::Foreign | Outcome::Blocked => '~',
            Outcome::Deleted => '-',
            Outcome::Unchanged => continue,
        };
        let _ = writeln!(text, "{sign} {}", printable(path.as_str()));
    }
    text
}

pub(super) fn counted(count: usize, noun: &str) -> String {
    plural(count, noun, &format!("{noun}s"))
}

pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn are(count: usize, noun: &str) -> String {
    format!(
        "{} {}",
        counted(count, noun),
        if count == 1 { "is" } else { "are" }
    )
}
