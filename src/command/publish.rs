//! `publish`: reads the base, converts it, and commits the manifests to a branch.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use backstage2port::diagnostic::{Error, Severity, Stage};
use backstage2port::judge::Judged;
use backstage2port::port::{Bodies, Changes};
use backstage2port::publish::branch::{
    Branch, Change, Identity, Publication, Published, Signing, Time,
};
use backstage2port::publish::{Draft, Outcome as Became, Written, grounds_in};
use backstage2port::report::{self, Status, pull_request, summary};
use backstage2port::source::{RootId, Sources, repository_around};
use backstage2port::standing::Standing;
use backstage2port::{Conversion, Inputs};
use camino::{Utf8Path, Utf8PathBuf};

use super::converted::{self, Told};
use super::judge::Judge;
use super::{Failure, Outcome, conversion, evaluator, start_threads};
use crate::cli::{Output, Publish};

/// The first root, after a look that all of them are in one repository.
fn first_root(command: &Publish) -> Result<Utf8PathBuf, Failure> {
    let roots = command.input.roots();
    let first = roots.first().cloned().ok_or(Error::NoFolder)?;
    // Whatever is wrong with the first is said when its branch is opened.
    let repository = |root: &Utf8Path| repository_around(root).map(|(repository, _)| repository);
    let of_first = repository(&first);
    match roots.into_iter().find(|root| repository(root) != of_first) {
        Some(other) => Err(Failure::SeveralRepositories { first, other }),
        None => Ok(first),
    }
}

pub(super) fn publish(command: &Publish, output: &Output) -> Result<Outcome, Failure> {
    let input = &command.input;
    if input.rev.is_some() {
        return Err(Failure::RevisionOfPublish);
    }
    start_threads(input)?;
    let judge = Judge::new(input, output)?;
    let root = first_root(command)?;
    let remote = command.push.as_deref();
    let branch = Branch::open(&root, &command.commit.base, &command.commit.branch, remote)?;
    if command.worktree && branch.is_bare() {
        return Err(Failure::WorkTreeOfBare { root });
    }
    let mut earlier = vec![branch.start(command.commit.append)?];
    earlier.extend(branch.tip().filter(|tip| *tip != earlier[0]));
    let options = command.options(&evaluator()?, earlier)?;
    let inputs = Inputs {
        revision: (!command.worktree).then(|| branch.base()),
        ..input.inputs()?
    };
    let mut conversion = conversion(inputs, &options, output)?;
    if conversion.reading.tally.is_empty() && !input.allow_empty {
        return converted::none_found(&conversion, input, &command.reporting);
    }
    let draft = Draft::new(
        &conversion.manifests,
        &conversion.port,
        &conversion.standing,
        conversion.run(options.rules),
        &mut conversion.reading.sources,
        &mut conversion.reading.diagnostics,
    )?;
    let published = if conversion.run(options.rules).is_blocked {
        None
    } else {
        let changes = changes(&draft, &conversion.reading.sources);
        let published = branch.commit(&changes, &publication(command))?;
        if !command.dry_run {
            branch.push(&published)?;
        }
        Some(published)
    };
    let written = draft.outcomes();
    let judged = judge.findings(&mut conversion.reading, Stage::Manifests)?;
    if let Some(path) = &command.pr_body
        && published.as_ref().is_some_and(|p| *p != Published::Nothing)
    {
        let grounds = grounds_in(&conversion.reading.sources, &[branch.base()])?;
        let before = Standing::read(grounds)?.bodies()?;
        let body = body(&before, &conversion, &written, command.pr_body_limit);
        std::fs::write(path, body).map_err(|source| Error::Write {
            path: path.clone(),
            source,
        })?;
    }
    tell(
        command,
        output,
        &conversion,
        &written,
        judged,
        published.as_ref(),
    )
}

/// The changes of a draft, by their paths from the top of the repository.
fn changes(draft: &Draft<'_>, sources: &Sources) -> Vec<Change> {
    let folders: BTreeMap<RootId, Utf8PathBuf> = sources
        .roots()
        .filter_map(|(id, root)| Some((id, repository_around(&root.path)?.1)))
        .collect();
    let folder = |root| {
        folders
            .get(&root)
            .map_or(Utf8Path::new(""), |folder| folder)
    };
    draft
        .changes()
        .map(|file| Change {
            path: folder(file.root).join(file.path),
            contents: match file.outcome {
                Became::Deleted => None,
                _ => draft.contents(file).map(Cow::into_owned),
            },
        })
        .collect()
}

fn publication(command: &Publish) -> Publication {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let variable = |name: String| std::env::var(name).ok().filter(|value| !value.is_empty());
    let identity = |role: &str| Identity {
        name: variable(format!("GIT_{role}_NAME")),
        email: variable(format!("GIT_{role}_EMAIL")),
    };
    let given = command.commit.author.clone();
    let given = given.map(|(name, email)| Identity {
        name: Some(name),
        email: Some(email),
    });
    Publication {
        message: command.commit.message.clone(),
        author: given.unwrap_or_else(|| identity("AUTHOR")),
        committer: identity("COMMITTER"),
        time: Time {
            // A clock that stands before 1970 tells nothing.
            seconds: now.map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(0)),
            offset_minutes: 0,
        },
        append: command.commit.append,
        force: command.commit.force,
        dry_run: command.dry_run,
        signing: Signing::Configured,
    }
}

/// The text of the pull request, which brings this conversion where something else stands before.
fn body(before: &Bodies, conversion: &Conversion, written: &Written, limit: usize) -> String {
    let mut after = Bodies::of(&conversion.port);
    if conversion.port.are_given {
        after.blueprints.clone_from(&before.blueprints);
    }
    let diagnostics = &conversion.reading.diagnostics;
    let run = pull_request::Run {
        files: written.changes(),
        errors: diagnostics.count(Severity::Error),
        warnings: diagnostics.count(Severity::Warning),
        kept: &conversion.settled.kept,
    };
    let changes = Changes::between(before, &after);
    pull_request::body(&changes, &after, &run, limit)
}

/// Tells what became of the branch.
fn tell(
    command: &Publish,
    output: &Output,
    conversion: &Conversion,
    written: &Written,
    judged: Judged,
    published: Option<&Published>,
) -> Result<Outcome, Failure> {
    let publication = report::Publication {
        status: match published {
            None => Status::Blocked,
            Some(Published::Nothing) => Status::Nothing,
            Some(Published::Unchanged { .. }) => Status::Unchanged,
            Some(Published::Committed { .. }) => Status::Committed,
            Some(Published::WouldCommit { .. }) => Status::WouldCommit,
        },
        branch: &command.commit.branch,
        commit: published.and_then(Published::commit),
    };
    let mut lines = summary::published(&publication, written);
    if let (Some(remote), Some(_), false) = (&command.push, publication.commit, command.dry_run) {
        // Writing to a text never fails.
        let _ = writeln!(lines, "Pushed to {}.", report::printable(remote));
    }
    let told = Told {
        written,
        is_check: false,
        publication: Some(publication),
        lines,
        judged,
    };
    converted::tell(
        conversion,
        &told,
        &command.input,
        &command.reporting,
        output,
    )?;
    // What was asked for was not done, whatever the findings are to cost.
    if published.is_none() {
        return Ok(Outcome::Findings);
    }
    Ok(converted::outcome(conversion, &command.input))
}
