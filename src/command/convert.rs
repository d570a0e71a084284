//! `convert`: reads descriptors, converts them, and writes the manifests.

use std::io;
use std::sync::Arc;

use backstage2port::diagnostic::{Code, Diagnostic, Error, Stage};
use backstage2port::map::overlay::Adopted;
use backstage2port::port::Key;
use backstage2port::progress::{Progress, Work};
use backstage2port::publish::{self, Draft, files, write};
use backstage2port::report::summary;
use backstage2port::source::{Files, Site};
use backstage2port::standing::{Edits, Overwrite};
use backstage2port::{Conversion, Options};
use camino::Utf8Path;

use super::converted::{self, Told};
use super::judge::Judge;
use super::{Failure, Outcome, conversion, evaluator, progress, start_threads};
use crate::cli::{Convert, Output};

pub(super) fn convert(command: &Convert, output: &Output) -> Result<Outcome, Failure> {
    if command.input.rev.is_some() && command.out.is_none() {
        return Err(Failure::RevisionWithoutOut);
    }
    start_threads(&command.input)?;
    let judge = Judge::new(&command.input, output)?;
    let mut options = command.options(&evaluator()?)?;
    let mut conversion = conversion(command.input.inputs()?, &options, output)?;
    if conversion.reading.tally.is_empty() && !command.input.allow_empty {
        return converted::none_found(&conversion, &command.input, &command.reporting);
    }
    let adopted = if command.adopt {
        adopt(command, &mut options, &mut conversion, output)?
    } else {
        Adopted::default()
    };
    let draft = Draft::new(
        &conversion.manifests,
        &conversion.port,
        &conversion.standing,
        conversion.run(options.rules),
        &mut conversion.reading.sources,
        &mut conversion.reading.diagnostics,
    )?;
    if !command.writing.is_dry() {
        let counts = Arc::new(Progress::default());
        counts.begin(Work::Writing, draft.changes().count());
        let _shown = progress::show(&counts, output);
        write(&draft)?;
    }
    let written = draft.outcomes();
    let judged = judge.findings(&mut conversion.reading, Stage::Manifests)?;
    let is_check = command.writing.check;
    let mut lines = summary::adopted(&adopted);
    if is_check {
        lines += &summary::drift(&written);
    }
    lines += &summary::written(&written, command.writing.is_dry());
    let told = Told {
        written: &written,
        is_check,
        publication: None,
        lines,
        judged,
    };
    converted::tell(
        &conversion,
        &told,
        &command.input,
        &command.reporting,
        output,
    )?;
    // What was asked for was not done, whatever the findings are to cost.
    let is_blocked = written.count(publish::Outcome::Blocked) > 0;
    let has_changed = command.writing.fail_on_change && written.changes() > 0;
    if is_blocked || has_changed || is_check && written.has_drift() {
        return Ok(Outcome::Findings);
    }
    Ok(converted::outcome(&conversion, &command.input))
}

/// Puts hand edits of manifests into the overlays of the roots, and converts again with them.
fn adopt(
    command: &Convert,
    options: &mut Options,
    conversion: &mut Conversion,
    output: &Output,
) -> Result<Adopted, Failure> {
    let Edits { edited, written } = conversion.edits()?;
    let adopted = conversion.adopt(&edited, &written, options)?;
    for file in &adopted.files {
        let root = &conversion.reading.sources.root(file.root).path;
        let path = root.join(&file.path);
        let refused = |source| Error::Write {
            path: path.clone(),
            source,
        };
        match Files::on_disk(root).site(&file.path).map_err(refused)? {
            Site::Free | Site::File => {}
            Site::Taken(reason) => return Err(refused(io::Error::other(reason)).into()),
        }
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        let name = path.file_name().unwrap_or_default();
        files(folder, &[(name, &file.contents)], true)?;
    }
    options.rules.overwrite = Overwrite::Adopted;
    *conversion = super::conversion(command.input.inputs()?, options, output)?;
    conversion.reading.diagnostics.extend(left_over(&adopted));
    Ok(adopted)
}

/// What was changed by hand and no overlay can say.
fn left_over(adopted: &Adopted) -> Vec<Diagnostic> {
    let found = |key: &Key, what: &str, help: &str| {
        let message = format!("`{} {}` {what}", key.blueprint, key.identifier);
        Diagnostic::new(Code::EditedManifest, message).help(help)
    };
    let added = adopted.added.iter().map(|key| {
        found(
            key,
            "was added by hand: no descriptor makes it",
            "write a descriptor for it, or keep it in a file of your own",
        )
    });
    let removed = adopted.removed.iter().map(|key| {
        found(
            key,
            "was taken out by hand: its descriptor makes it again",
            "remove the descriptor, or --exclude it",
        )
    });
    let refused = adopted.refused.iter().map(|refused| {
        let field = refused.field.as_deref().unwrap_or("its changes");
        let what = format!("keeps its hand edit of {field}: {}", refused.reason);
        found(
            &refused.key,
            &what,
            "change the descriptor or the profile instead",
        )
    });
    added.chain(removed).chain(refused).collect()
}
