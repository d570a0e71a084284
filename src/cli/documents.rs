//! What is made of the definition of the command line: completions for shells, and manual pages.
//!
//! In: nothing but the definition. Out: texts.

use std::io;

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Arguments;

/// What the definition does not say, for the end of every page.
const MORE: &str = r#".SH "EXIT STATUS"
.TP
0
done
.TP
1
there are findings of the severity of \-\-fail\-on or above, or what \-\-check, \-\-fail\-on\-change or \-\-exit\-code ask for
.TP
2
the run could not be made: usage, configuration, profile, reading or writing
.TP
3
no descriptors found
.SH FILES
.TP
backstage2port.yaml, .backstage2port.yaml
the configuration of a repository: what flags are where nobody gives them
.TP
\&.port/overlay.yaml
what is to differ in Port from what descriptors say
.SH ENVIRONMENT
.TP
NO_COLOR, CLICOLOR_FORCE
no colours, or colours without a terminal
.TP
GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL
who makes the commit of publish
"#;

/// The completions of a shell.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut text);
    text
}

/// The manual page of the program.
pub(crate) fn page() -> io::Result<String> {
    rendered(&built())
}

/// The manual pages of the program and of all its commands, by the names of their files.
pub(crate) fn pages() -> io::Result<Vec<(String, String)>> {
    let command = built();
    let commands = command.get_subcommands().filter(|it| !it.is_hide_set());
    let of_commands = commands.cloned().map(|of_command| {
        let name = format!("{}-{}", command.get_name(), of_command.get_name());
        of_command.name(name)
    });
    std::iter::once(command.clone())
        .chain(of_commands)
        .map(|command| Ok((format!("{}.1", command.get_name()), rendered(&command)?)))
        .collect()
}

fn built() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

fn rendered(command: &Command) -> io::Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    text.extend_from_slice(MORE.as_bytes());
    String::from_utf8(text).map_err(io::Error::other)
}
