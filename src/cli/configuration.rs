//! The configuration among the arguments: which flags are keys of it, and its values in the place of flags that nobody gave.
//!
//! In: the command line. Out: the arguments of the run. The command line is read twice: first to learn where the
//! configuration stands, then with its values as the defaults of arguments. So what a flag means, and that flags win, is
//! said in one place.

use std::any::TypeId;
use std::error::Error as _;
use std::ffi::OsString;

use backstage2port::configuration::{self, Configuration, Key, Keys, Refused, Takes};
use backstage2port::map::profile::BUILT_IN;
use backstage2port::source::Around;
use camino::Utf8PathBuf;
use clap::builder::{ValueHint, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser};

use super::{Arguments, Input};

const WHERE: &str = "it says where the configuration itself is read";
const WRITES: &str = "each run decides what it may write";
const TOLD: &str = "how a run is told is up to those who run it";
const COMPARED: &str = "each run decides what it compares";

/// Flags that are no keys, and why. All others are.
const RUN_ONLY: &[(&str, &str)] = &[
    ("config", WHERE),
    ("no-config", WHERE),
    ("rev", WHERE),
    ("base", WHERE),
    ("worktree", WHERE),
    (
        "out",
        "what `convert` and `publish` write is to stand in one place",
    ),
    ("dry-run", WRITES),
    ("check", WRITES),
    ("fail-on-change", WRITES),
    ("adopt", WRITES),
    ("write-baseline", WRITES),
    ("allow-removals", WRITES),
    ("overwrite", WRITES),
    ("force", WRITES),
    ("push", WRITES),
    ("pr-body", WRITES),
    ("author", "who commits is up to those who run it"),
    ("from", COMPARED),
    ("to", COMPARED),
    ("converted", COMPARED),
    ("exit-code", COMPARED),
    ("threads", "it depends on the machine"),
    ("format", TOLD),
    ("report", TOLD),
    ("verbose", TOLD),
    ("quiet", TOLD),
    ("color", TOLD),
];
/// Keys that are more than a flag, so that the configuration knows them itself.
const OWN: &[&str] = &["severity"];

/// Which configuration is read.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// Take this configuration, instead of the backstage2port.yaml of the root or of a folder above it in its repository:
    /// a file, or a folder with one. Flags win over it; a switch that it sets is turned off with `=false`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<Utf8PathBuf>,
    /// Read no configuration
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
}

/// What is to be run.
pub(crate) struct Parsed {
    pub(crate) arguments: Arguments,
    /// The files of the configuration, nearest first.
    pub(crate) files: Vec<Utf8PathBuf>,
    /// What the user should know about the configuration.
    pub(crate) notes: Vec<String>,
}

/// A configuration that cannot be used, and the arguments that say how that is told.
pub(crate) struct Unusable {
    pub(crate) arguments: Arguments,
    pub(crate) refused: Refused,
}

/// The arguments of this process, with those of the configuration. Ends the process where the command line is wrong or asks
/// for help.
pub(crate) fn parsed() -> Result<Parsed, Box<Unusable>> {
    let given: Vec<OsString> = std::env::args_os().collect();
    let command = command();
    let matches = matches(command.clone(), &given);
    let arguments = arguments(matches.clone());
    let mut notes = Vec::new();
    let configuration = match read(&arguments, &mut notes) {
        Ok(configuration) => configuration,
        Err(refused) => return Err(Box::new(Unusable { arguments, refused })),
    };
    let (Some(configuration), Some((name, of_command))) = (configuration, matches.subcommand())
    else {
        let files = Vec::new();
        let arguments = checked(arguments);
        return Ok(Parsed {
            arguments,
            files,
            notes,
        });
    };
    let has_root = !arguments.command.input().is_none_or(Input::names_no_root);
    let is_found = arguments
        .command
        .input()
        .is_some_and(|input| input.chosen.config.is_none());
    let command = command.mut_subcommand(name, |command| {
        let command = with_defaults(command, of_command, &configuration, &mut notes);
        if is_found && !has_root {
            // What converts entities of a dump only has no root; this one has, for its configuration was found there.
            command.mut_arg("roots", |arg| arg.default_value("."))
        } else {
            command
        }
    });
    let mut arguments = self::arguments(self::matches(command, &given));
    if let Some(input) = arguments.command.input_mut() {
        input.judging.configured = configuration.severities;
        input.codeowners = configuration.codeowners;
    }
    Ok(Parsed {
        arguments: checked(arguments),
        files: configuration.files,
        notes,
    })
}

/// The command line as it is parsed: switches that are keys take `=false` too.
fn command() -> Command {
    let names: Vec<String> = with_keys(&Arguments::command())
        .map(|command| command.get_name().to_owned())
        .collect();
    names
        .into_iter()
        .fold(Arguments::command(), |command, name| {
            command.mut_subcommand(name, |command| {
                command.mut_args(|arg| {
                    if is_switch(&arg) && is_key(&arg) {
                        switch(arg)
                    } else {
                        arg
                    }
                })
            })
        })
}

fn switch(arg: Arg) -> Arg {
    arg.action(ArgAction::Set)
        .value_parser(ValueParser::bool())
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .value_name("BOOL")
}

fn matches(command: Command, given: &[OsString]) -> ArgMatches {
    command.try_get_matches_from(given).unwrap_or_else(|error| {
        if error.kind() == ErrorKind::DisplayHelp {
            // Without the `=false` of the switches, which would drown the rest.
            let _ = Arguments::try_parse().map_err(|error| match error.kind() {
                ErrorKind::DisplayHelp => error.exit(),
                _ => error,
            });
        }
        error.exit()
    })
}

fn arguments(mut matches: ArgMatches) -> Arguments {
    Arguments::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
}

/// The arguments, if those that need each other are there: from the command line or from the configuration.
fn checked(arguments: Arguments) -> Arguments {
    let input = arguments.command.input();
    if input.is_some_and(|input| input.convert_catalog && input.catalog.is_empty()) {
        let message = "--convert-catalog needs a dump to convert: --catalog <FILE>";
        let kind = ErrorKind::MissingRequiredArgument;
        Arguments::command().error(kind, message).exit();
    }
    arguments
}

/// The configuration that the arguments name, or that their root has.
fn read(arguments: &Arguments, notes: &mut Vec<String>) -> Result<Option<Configuration>, Refused> {
    let Some(input) = arguments
        .command
        .input()
        .filter(|input| !input.chosen.no_config)
    else {
        return Ok(None);
    };
    if let Some(path) = &input.chosen.config {
        return configuration::read_named(path, &keys()).map(Some);
    }
    let mut found: Vec<(Around, Option<Utf8PathBuf>)> = Vec::new();
    for root in input.roots() {
        let Ok(around) = Around::of(&root, arguments.command.revision()) else {
            // Why the revision cannot be read is said where its descriptors are.
            return Ok(None);
        };
        let path = configuration::find(&around)?;
        found.push((around, path));
    }
    let place = |(around, path): &(Around, Option<Utf8PathBuf>)| {
        let path = path.as_ref()?;
        let top = around.top.canonicalize_utf8();
        Some((top.unwrap_or_else(|_| around.top.clone()), path.clone()))
    };
    let mut places: Vec<_> = found.iter().map(place).collect();
    places.dedup();
    if places.len() > 1 {
        let roots = input.roots();
        let with: Vec<&str> = roots
            .iter()
            .zip(&found)
            .filter_map(|(root, (_, path))| path.is_some().then_some(root.as_str()))
            .collect();
        notes.push(format!(
            "the configuration of {} is not read, for there are several roots: name one with --config FILE, or none with \
             --no-config",
            with.join(", ")
        ));
        return Ok(None);
    }
    match found.first() {
        Some((around, Some(path))) => configuration::read(around, path, &keys()).map(Some),
        _ => Ok(None),
    }
}

/// A command whose arguments are what the configuration says where they are not given. A value that a given flag excludes
/// does not count.
fn with_defaults(
    command: Command,
    given: &ArgMatches,
    configuration: &Configuration,
    notes: &mut Vec<String>,
) -> Command {
    let is_given =
        |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let mut defaults = Vec::new();
    for arg in command.get_arguments() {
        let setting = arg
            .get_long()
            .and_then(|long| configuration.values.get(long));
        let Some(setting) = setting.filter(|_| !is_given(arg)) else {
            continue;
        };
        let excluding = command
            .get_arguments()
            .filter(|other| is_given(other) && excludes(&command, arg, other))
            .find_map(Arg::get_long)
            .filter(|_| setting.is_on());
        if let (Some(flag), Some(key)) = (excluding, arg.get_long()) {
            notes.push(format!(
                "--{flag} takes the place of `{key}` in {}",
                setting.file
            ));
        } else {
            defaults.push((arg.get_id().to_string(), setting.values.clone()));
        }
    }
    defaults.into_iter().fold(command, |command, (id, values)| {
        command.mut_arg(id, |arg| arg.default_values(values))
    })
}

fn excludes(command: &Command, one: &Arg, other: &Arg) -> bool {
    let names = |one: &Arg, other: &Arg| {
        let conflicts = command.get_arg_conflicts_with(one);
        conflicts.iter().any(|arg| arg.get_id() == other.get_id())
    };
    names(one, other) || names(other, one)
}

/// The keys of a configuration: the flags of the commands that read descriptors, but for those that are a matter of one run.
pub(crate) fn keys() -> Keys<'static> {
    let command = Arguments::command();
    let mut keys: Vec<Key> = Vec::new();
    for of_command in with_keys(&command) {
        let flags = of_command.get_arguments().filter(|arg| is_key(arg));
        for (arg, name) in flags.filter_map(|arg| Some((arg, arg.get_long()?))) {
            if !OWN.contains(&name) && keys.iter().all(|key| key.name != name) {
                keys.push(key(of_command, arg, name));
            }
        }
    }
    let others = RUN_ONLY.iter();
    Keys {
        keys,
        others: others
            .map(|(name, why)| ((*name).to_owned(), *why))
            .collect(),
        check: Box::new(move |key, text| check(&command, key, text)),
    }
}

/// The commands that read descriptors, and so a configuration.
fn with_keys(command: &Command) -> impl Iterator<Item = &Command> {
    let reads = |command: &&Command| {
        command
            .get_arguments()
            .any(|arg| arg.get_id() == "no_config")
    };
    command.get_subcommands().filter(reads)
}

fn is_key(arg: &Arg) -> bool {
    let long = arg.get_long();
    long.is_some_and(|long| RUN_ONLY.iter().all(|(name, _)| *name != long))
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

fn key(command: &Command, arg: &Arg, name: &str) -> Key {
    let conflicts = command.get_arg_conflicts_with(arg).into_iter();
    Key {
        name: name.to_owned(),
        about: arg.get_help().map(ToString::to_string).unwrap_or_default(),
        takes: takes(arg),
        is_list: matches!(arg.get_action(), ArgAction::Append),
        excludes: conflicts
            .filter(|arg| is_key(arg))
            .filter_map(|arg| Some(arg.get_long()?.to_owned()))
            .collect(),
    }
}

fn takes(arg: &Arg) -> Takes {
    if is_switch(arg) {
        return Takes::Switch;
    }
    if arg.get_value_parser().type_id() == TypeId::of::<usize>() {
        return Takes::Number;
    }
    let words = arg.get_possible_values();
    if !words.is_empty() {
        let word = |word: &clap::builder::PossibleValue| {
            let about = word.get_help().map(ToString::to_string);
            (word.get_name().to_owned(), about)
        };
        return Takes::OneOf(words.iter().map(word).collect());
    }
    match arg.get_value_hint() {
        ValueHint::FilePath | ValueHint::DirPath => Takes::Path,
        // The only one is that of profiles.
        ValueHint::AnyPath => {
            let names = BUILT_IN.iter().map(|profile| profile.name.to_owned());
            Takes::NameOrPath(names.collect())
        }
        _ => Takes::Text,
    }
}

/// Whether the parser of an argument takes a text. The items of lists are any text.
fn check(command: &Command, key: &Key, text: &str) -> Result<(), String> {
    if key.is_list || key.takes != Takes::Text {
        return Ok(());
    }
    let has_key = |command: &&Command| {
        let mut arguments = command.get_arguments();
        arguments.any(|arg| arg.get_long() == Some(key.name.as_str()))
    };
    let Some(command) = with_keys(command).find(has_key) else {
        return Ok(());
    };
    let command = command.clone().no_binary_name(true);
    let parsed = command.try_get_matches_from([format!("--{}={text}", key.name)]);
    match parsed {
        Err(error) if error.kind() == ErrorKind::ValueValidation => Err(error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_a_key_or_a_matter_of_one_run() {
        let command = Arguments::command();
        let flags: Vec<&str> = with_keys(&command)
            .flat_map(Command::get_arguments)
            .chain(command.get_arguments())
            .filter_map(Arg::get_long)
            .collect();
        for (name, _) in RUN_ONLY {
            assert!(flags.contains(name), "{name} is no flag");
        }
        for name in OWN {
            assert!(flags.contains(name), "{name} is no flag");
        }
        for arg in command.get_arguments() {
            assert!(!is_key(arg), "{arg} is for all commands, so it is no key");
        }
    }

    #[test]
    fn paths_are_known_as_such() {
        let command = Arguments::command();
        for arg in command.get_subcommands().flat_map(Command::get_arguments) {
            if arg.get_value_parser().type_id() == TypeId::of::<Utf8PathBuf>() {
                let hint = arg.get_value_hint();
                let is_path = matches!(hint, ValueHint::FilePath | ValueHint::DirPath);
                assert!(is_path, "{arg}: a path wants a `value_hint`");
            }
            if arg.get_value_hint() == ValueHint::AnyPath {
                assert_eq!(arg.get_long(), Some("profile"));
            }
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
