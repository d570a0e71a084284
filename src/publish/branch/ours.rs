//! Tells our commits from those of others.
//!
//! Ours say so at the end of their message, and name the base they were made on:
//!
//! ```text
//! Generated-by: backstage2port
//! Generated-from: 2d5c0f7a…
//! ```
//!
//! The second line counts where git's history does not reach: in a shallow clone, and where the base was rewritten since.
//! What a commit of ours was made on is history of the base, not of the branch.

use std::collections::HashSet;

use git2::{Commit, ErrorCode, Oid, Repository, Sort};

use super::error::{BranchError, ForeignCommit};

const BY: &str = "Generated-by: backstage2port";
const FROM: &str = "Generated-from: ";

/// Characters of a subject or a name that an error shows.
const SHOWN_CHARS: usize = 60;

/// A message with our two lines at its end, among those of the same form where there are any.
pub(super) fn signed_off(message: &str, base: Oid) -> String {
    let message = message.trim();
    let last = message.rsplit_once("\n\n").map(|(_, last)| last);
    let gap = match last {
        Some(last) if last.lines().all(is_trailer) => "\n",
        _ => "\n\n",
    };
    format!("{message}{gap}{BY}\n{FROM}{base}\n")
}

/// Whether a line is of the form `Signed-off-by: Kim`.
fn is_trailer(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(key, _)| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    })
}

/// Whether we made a commit, and on which base.
enum Maker {
    Us { base: Option<Oid> },
    Others,
}

fn maker(commit: &Commit<'_>) -> Maker {
    let message = String::from_utf8_lossy(commit.message_bytes());
    let message = message.trim_end();
    // A message of one paragraph has a subject and nothing below it.
    let Some((_, last)) = message.rsplit_once("\n\n") else {
        return Maker::Others;
    };
    if !last.lines().any(|line| line == BY) {
        return Maker::Others;
    }
    let base = last.lines().find_map(|line| line.strip_prefix(FROM));
    Maker::Us {
        base: base.and_then(|id| Oid::from_str(id).ok()),
    }
}

/// The commits of others that these tips have and what is kept does not, newest first.
pub(super) fn foreign_commits(
    repository: &Repository,
    tips: &[Oid],
    kept: &[Oid],
) -> Result<Vec<ForeignCommit>, BranchError> {
    let failed = |error: git2::Error| BranchError::Git {
        doing: "read the commits of the branch",
        message: match error.code() {
            ErrorCode::NotFound => format!(
                "{}; `git fetch --unshallow` brings all of them",
                error.message()
            ),
            _ => error.message().to_owned(),
        },
    };
    let mut walk = repository.revwalk().map_err(failed)?;
    // A commit comes after all that stand on it, so that what is below an old base is known before it is reached.
    walk.set_sorting(Sort::TOPOLOGICAL).map_err(failed)?;
    for tip in tips {
        walk.push(*tip).map_err(failed)?;
    }
    for id in kept {
        walk.hide(*id).map_err(failed)?;
    }
    let mut below_old_bases = HashSet::new();
    let mut foreign = Vec::new();
    for id in walk {
        let commit = repository
            .find_commit(id.map_err(failed)?)
            .map_err(failed)?;
        if below_old_bases.remove(&commit.id()) {
            below_old_bases.extend(commit.parent_ids());
            continue;
        }
        match maker(&commit) {
            Maker::Us { base } => {
                below_old_bases.extend(commit.parent_ids().filter(|id| Some(*id) == base));
            }
            Maker::Others => foreign.push(ForeignCommit {
                id: commit.id().to_string(),
                subject: shown(commit.summary_bytes().unwrap_or_default()),
                author: shown(commit.author().name_bytes()),
            }),
        }
    }
    Ok(foreign)
}

/// Text of a stranger in one line that cannot steer a terminal.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut chars = text.trim().chars().map(|char| {
        if char.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            char
        }
    });
    let mut shown: String = chars.by_ref().take(SHOWN_CHARS).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use git2::Oid;

    use super::{shown, signed_off};

    #[test]
    fn our_lines_join_those_of_the_same_form() {
        let base = Oid::ZERO_SHA1;
        let ours = format!("Generated-by: backstage2port\nGenerated-from: {base}\n");
        for (message, expected) in [
            ("Subject", "Subject\n\n"),
            (
                "Subject\n\nBody: with more\nof it\n\n",
                "Subject\n\nBody: with more\nof it\n\n",
            ),
            ("Subject: one\n", "Subject: one\n\n"),
            (
                "S\n\nSigned-off-by: Kim\nFor: x",
                "S\n\nSigned-off-by: Kim\nFor: x\n",
            ),
        ] {
            assert_eq!(signed_off(message, base), format!("{expected}{ours}"));
        }
    }

    #[test]
    fn strangers_cannot_steer_a_terminal() {
        assert_eq!(shown(b" a\x1b[2Jb\xff "), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(shown("ä".repeat(61).as_bytes()), "ä".repeat(60) + "…");
    }
}
