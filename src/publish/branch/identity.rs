//! Tells who makes a commit.
//!
//! In: what the caller knows and git's configuration. Out: both people as a commit records them.

use git2::{Config, Signature};

use super::error::BranchError;
use super::publication::{Identity, Publication, Time};

/// Who wrote the change, and who made the commit.
pub(super) struct People {
    pub(super) author: Signature<'static>,
    pub(super) committer: Signature<'static>,
}

impl People {
    pub(super) fn of(how: &Publication, config: &Config) -> Result<Self, BranchError> {
        let author = known(&how.author, "author", config)?;
        // Whoever names the author on a machine without a configuration means both.
        let committer = known(&how.committer, "committer", config);
        let committer = committer.unwrap_or_else(|_| author.clone());
        Ok(Self {
            author: signature(&author, how.time)?,
            committer: signature(&committer, how.time)?,
        })
    }
}

/// A name and an address.
type Person = (String, String);

/// Who is meant, each half for itself, as git has it.
fn known(given: &Identity, section: &str, config: &Config) -> Result<Person, BranchError> {
    let text = |given: &Option<String>, key: &str| {
        let set = |section: &str| config.get_string(&format!("{section}.{key}")).ok();
        let text = given.clone().or_else(|| set(section));
        text.or_else(|| set("user")).ok_or_else(|| {
            BranchError::Identity(format!(
                "`git config user.{key} …` sets the {key} for all commits, --author for this one"
            ))
        })
    };
    Ok((text(&given.name, "name")?, text(&given.email, "email")?))
}

fn signature((name, email): &Person, time: Time) -> Result<Signature<'static>, BranchError> {
    for (what, text) in [("name", name), ("address", email)] {
        let is_unfit = |char: char| char.is_control() || matches!(char, '<' | '>');
        if text.trim().is_empty() || text.contains(is_unfit) {
            return Err(BranchError::Identity(format!(
                "the {what} `{text}` is empty, or has `<`, `>` or a control character"
            )));
        }
    }
    let time = git2::Time::new(time.seconds, time.offset_minutes);
    Signature::new(name, email, &time)
        .map_err(|error| BranchError::Identity(error.message().to_owned()))
}
