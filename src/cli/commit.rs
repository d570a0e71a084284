//! The arguments that say where a commit goes and who made it.

use clap::Args;

/// Where the commit goes, and who made it.
#[derive(Debug, Args)]
pub(crate) struct Commit {
    /// The branch to commit to. One that exists is replaced by one commit on the base
    #[arg(
        long,
        default_value = "backstage2port/manifests",
        value_name = "BRANCH"
    )]
    pub(crate) branch: String,
    /// The revision whose descriptors are read and that the commit stands on
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub(crate) base: String,
    /// Put the commit on top of the branch instead of replacing it
    #[arg(long)]
    pub(crate) append: bool,
    /// Replace the branch although others committed to it. Their commits are lost
    #[arg(long)]
    pub(crate) force: bool,
    /// The message of the commit
    #[arg(
        long,
        short,
        value_name = "TEXT",
        default_value = "Update Port manifests",
        value_parser = message
    )]
    pub(crate) message: String,
    /// The author of the commit, as `Name <name@example.com>`, instead of the one of the variables
    /// `GIT_AUTHOR_NAME` and `GIT_AUTHOR_EMAIL` or of git's configuration
    #[arg(long, value_name = "AUTHOR", value_parser = author)]
    pub(crate) author: Option<(String, String)>,
}

fn message(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a commit needs a message".to_owned());
    }
    Ok(text.to_owned())
}

fn author(text: &str) -> Result<(String, String), String> {
    let parts = text
        .trim_end()
        .strip_suffix('>')
        .and_then(|text| text.split_once('<'));
    let (name, email) = parts.ok_or("it is written `Name <name@example.com>`")?;
    Ok((name.trim().to_owned(), email.trim().to_owned()))
}
