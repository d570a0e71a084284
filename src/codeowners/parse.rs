//! Reads the text of a CODEOWNERS file, as far as its host would.
//!
//! In: a text and its dialect. Out: [`Codeowners`], the rules in their sections, and what the host does not take. Facts:
//! "About code owners" of GitHub, "`CODEOWNERS` syntax" of GitLab and what `Gitlab::CodeOwners::File` reports as errors,
//! "Set up and use code owners" of Bitbucket Cloud, "Code owners" of Bitbucket Data Center.

use std::collections::HashMap;
use std::ops::Range;

use super::dialect::Dialect;
use super::pattern::{Path, Pattern};
use crate::diagnostic::quoted;

/// The largest file: what GitHub loads.
const MAX_BYTES: usize = 3 * 1024 * 1024;
/// More rules than this are not read; the largest public files have a few thousand.
const MAX_RULES: usize = 50_000;
/// The longest pattern; no path is longer.
const MAX_PATTERN_BYTES: usize = 4096;
/// More faults than this are not told; what has more is no CODEOWNERS file.
const MAX_FAULTS: usize = 100;

/// What a CODEOWNERS file says.
#[derive(Debug, Default)]
pub(super) struct Codeowners {
    /// Only GitLab has more than one. What stands before the first header is a section too.
    sections: Vec<Vec<Rule>>,
    /// What the host ignores or refuses.
    pub(super) faults: Vec<Fault>,
}

/// A line that gives files to owners, or to nobody.
#[derive(Debug)]
pub(super) struct Rule {
    pattern: Pattern,
    /// Whether its files have no owners in this section, whatever other lines say.
    excludes: bool,
    /// As stated, or those of the section.
    pub(super) owners: Vec<Owner>,
    /// The line.
    pub(super) bytes: Range<usize>,
}

/// A code owner as written.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) text: String,
    pub(super) bytes: Range<usize>,
}

/// Something that the host does not take.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) bytes: Range<usize>,
}

impl Codeowners {
    pub(super) fn parse(text: &str, dialect: Dialect) -> Self {
        if text.len() > MAX_BYTES {
            return Self::too_large();
        }
        let mut parser = Parser {
            dialect,
            read: Self::default(),
            section: 0,
            names: HashMap::new(),
            defaults: Vec::new(),
            rules: 0,
        };
        parser.read.sections.push(Vec::new());
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if parser.read.faults.len() >= MAX_FAULTS {
                let message =
                    format!("more than {MAX_FAULTS} lines are not valid; the rest is not read");
                parser.fault(start..start, message, "is this a CODEOWNERS file?");
                break;
            }
            if parser.rules >= MAX_RULES {
                let message =
                    format!("the file has more than {MAX_RULES} rules; the rest is not read");
                parser.fault(start..start, message, "join lines by wildcards");
                break;
            }
            parser.line(start, line);
            start += line.len();
        }
        parser.read
    }

    /// What a file that is too large says: nothing.
    pub(super) fn too_large() -> Self {
        let fault = Fault {
            message: "the file is larger than 3 MB, so it counts for nothing".to_owned(),
            help: "join lines by wildcards: GitHub does not load larger files, and none is read here",
            bytes: 0..0,
        };
        Self {
            sections: Vec::new(),
            faults: vec![fault],
        }
    }

    /// The rules that decide about a file: in each section the last that matches it, unless the section excludes it.
    pub(super) fn rules(&self, path: &str) -> Vec<&Rule> {
        let path = Path::new(path);
        let deciding = self.sections.iter().filter_map(|rules| {
            let matching = || {
                rules
                    .iter()
                    .rev()
                    .filter(|rule| rule.pattern.matches(&path))
            };
            // Only GitLab excludes, and then in every order.
            let is_excluded = matching().any(|rule| rule.excludes);
            matching().next().filter(|_| !is_excluded)
        });
        deciding.collect()
    }
}

struct Parser {
    dialect: Dialect,
    read: Codeowners,
    /// The section that lines belong to.
    section: usize,
    /// The sections by their names in small letters.
    names: HashMap<String, usize>,
    /// The owners of lines that name none.
    defaults: Vec<Owner>,
    rules: usize,
}

impl Parser {
    fn line(&mut self, start: usize, line: &str) {
        let line = if start == 0 {
            line.strip_prefix('\u{feff}')
                .map_or((0, line), |line| (3, line))
        } else {
            (start, line)
        };
        let (start, line) = trimmed(line.0, line.1);
        let bytes = start..start + line.len();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if self.dialect == Dialect::GitLab && self.header(start, line) {
            return;
        }
        let (pattern, rest) = line.split_at(pattern_end(line));
        if pattern.len() > MAX_PATTERN_BYTES {
            self.fault(
                bytes,
                "the pattern is longer than any path".to_owned(),
                "shorten it",
            );
            return;
        }
        let words: Vec<Owner> = words(start + pattern.len(), rest).collect();
        match self.dialect {
            Dialect::GitLab => self.gitlab(pattern, words, bytes),
            Dialect::GitHub | Dialect::Bitbucket => self.others(pattern, words, bytes),
        }
    }

    fn others(&mut self, pattern: &str, mut words: Vec<Owner>, bytes: Range<usize>) {
        if let Some(comment) = words.iter().position(|word| word.text.starts_with('#')) {
            words.truncate(comment);
        }
        let name = self.dialect.name();
        if let Some((what, help)) = unsupported(pattern) {
            let end = bytes.start + pattern.len();
            self.fault(
                bytes.start..end,
                format!("{name} does not take {what}"),
                help,
            );
            return;
        }
        if words.is_empty() && pattern.starts_with('@') {
            let message = format!(
                "{} is read as the path of a file: the line has no pattern",
                quoted(pattern)
            );
            self.fault(bytes, message, "write `*` before it for all files");
            return;
        }
        if let Some(wrong) = words.iter().find(|word| !self.is_owner(&word.text)) {
            let what = match self.dialect {
                Dialect::GitHub => {
                    "a user (`@jane`), a team (`@acme/platform`) or an e-mail address"
                }
                _ => "a user (`@jane`), a group (`@acme/platform`) or an e-mail address",
            };
            let message = format!(
                "{} is not {what}, so {name} skips the line",
                quoted(&wrong.text)
            );
            let bytes = wrong.bytes.clone();
            self.fault(bytes, message, "correct it, or write a comment behind ` #`");
            return;
        }
        self.rule(Pattern::new(pattern, self.dialect), false, words, bytes);
    }

    /// GitLab keeps whatever it can make sense of, and reports the rest.
    fn gitlab(&mut self, pattern: &str, words: Vec<Owner>, bytes: Range<usize>) {
        let excluded = pattern.strip_prefix('!');
        let compiled = Pattern::new(excluded.unwrap_or(pattern), self.dialect);
        if excluded.is_some() {
            self.rule(compiled, true, Vec::new(), bytes);
            return;
        }
        if let Some(wrong) = words.iter().find(|word| !self.is_owner(&word.text)) {
            let (message, help) = if wrong.text.starts_with('#') {
                let message =
                    "GitLab reads what stands behind a rule as owners, comments too".to_owned();
                (message, "put the comment on a line of its own")
            } else {
                let message = format!(
                    "{} is not a user, a group, a role (`@@developer`) or an e-mail address",
                    quoted(&wrong.text)
                );
                (message, "correct it, or take it out")
            };
            self.fault(wrong.bytes.clone(), message, help);
        }
        let owners: Vec<Owner> = if words.is_empty() {
            self.defaults.clone()
        } else {
            words
                .into_iter()
                .filter(|word| self.is_owner(&word.text))
                .collect()
        };
        if owners.is_empty() {
            let message = "the rule names no owner, which GitLab reports as an error".to_owned();
            let help =
                "name an owner, or write `!` before the pattern to take files out of the section";
            self.fault(bytes.clone(), message, help);
        }
        self.rule(compiled, false, owners, bytes);
    }

    fn rule(&mut self, pattern: Pattern, excludes: bool, owners: Vec<Owner>, bytes: Range<usize>) {
        self.rules += 1;
        self.read.sections[self.section].push(Rule {
            pattern,
            excludes,
            owners,
            bytes,
        });
    }

    /// `^[Name][2] @owner`: starts a section, or goes on with one. Whether the line is meant as one.
    fn header(&mut self, start: usize, line: &str) -> bool {
        let bytes = start..start + line.len();
        let is_optional = line.starts_with('^');
        let Some(inside) = line.strip_prefix('^').unwrap_or(line).strip_prefix('[') else {
            return false;
        };
        let Some((name, rest)) = inside.split_once(']') else {
            let message = "the name of the section has no end".to_owned();
            self.fault(bytes, message, "close it with `]`");
            return true;
        };
        if name.trim().is_empty() {
            self.fault(
                bytes.clone(),
                "the section has no name".to_owned(),
                "give it one",
            );
        }
        let number = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let number = number.filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        let (approvals, rest) = number.unwrap_or(("", rest));
        if is_optional && approvals.bytes().any(|digit| digit != b'0') {
            let message = "an optional section (`^`) cannot ask for approvals".to_owned();
            self.fault(bytes.clone(), message, "take away `^` or the number");
        }
        let is_part = |char: char| char.is_alphanumeric() || " \t@_.-/+".contains(char);
        let from = bytes.end - rest.len();
        let owners = &rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())];
        let owners = if owners.starts_with([' ', '\t']) {
            owners
        } else {
            ""
        };
        let words: Vec<Owner> = words(from, owners).collect();
        self.defaults = words
            .into_iter()
            .filter(|word| self.is_owner(&word.text))
            .collect();
        if self.defaults.is_empty() && !owners.trim().is_empty() {
            let message = "no owner of the section is a user, a group, a role or an e-mail address"
                .to_owned();
            self.fault(bytes, message, "write them as `@acme/platform`");
        }
        let sections = &mut self.read.sections;
        self.section = *self.names.entry(name.to_lowercase()).or_insert_with(|| {
            sections.push(Vec::new());
            sections.len() - 1
        });
        true
    }

    /// Whether the host takes a word for an owner. Whether the owner exists is not asked.
    fn is_owner(&self, word: &str) -> bool {
        let is_plain = |text: &str, more: &str| {
            let is_part = |char: char| char.is_ascii_alphanumeric() || more.contains(char);
            !text.is_empty() && text.chars().all(is_part)
        };
        let is_address = word
            .rsplit_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        match (self.dialect, word.strip_prefix('@')) {
            (Dialect::GitHub, Some(name)) => {
                let is_name = match name.split_once('/') {
                    Some((organisation, team)) => {
                        is_plain(organisation, "-_") && is_plain(team, "-_")
                    }
                    None => is_plain(name, "-_"),
                };
                // GitHub takes `@jane@joe` for an address.
                is_name || is_address && name.contains('@')
            }
            (Dialect::GitLab, Some(name)) => match name.strip_prefix('@') {
                Some(role) => {
                    let role = role.to_lowercase();
                    let role = role.strip_suffix('s').unwrap_or(&role);
                    ["developer", "maintainer", "owner"].contains(&role)
                }
                None => name.split('/').all(|part| is_plain(part, "-_.")),
            },
            (Dialect::Bitbucket, Some(name)) => !name.is_empty(),
            (_, None) => is_address,
        }
    }

    fn fault(&mut self, bytes: Range<usize>, message: String, help: &'static str) {
        self.read.faults.push(Fault {
            message,
            help,
            bytes,
        });
    }
}

/// What of gitignore's patterns GitHub and Bitbucket do not take.
fn unsupported(pattern: &str) -> Option<(&'static str, &'static str)> {
    let mut is_escaped = false;
    let has_class = pattern.chars().any(|char| {
        let is_class = char == '[' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        is_class
    });
    if pattern.starts_with('!') {
        let help = "give the files to nobody instead: the pattern without `!` and without owners";
        Some(("patterns that start with `!`", help))
    } else if pattern.starts_with("\\#") {
        Some((
            "an escaped `#` at the start",
            "match the name with `?` in its place",
        ))
    } else if has_class {
        let help = "write a line for each name, or match the character with `?`";
        Some(("ranges of characters (`[ ]`)", help))
    } else if pattern == "/" {
        Some(("`/` alone: it matches no file", "write `*` for all files"))
    } else {
        None
    }
}

/// Where the pattern of a line ends: at the first blank that is not escaped.
fn pattern_end(line: &str) -> usize {
    let mut is_escaped = false;
    let end = line.find(|char: char| {
        let ends = char.is_whitespace() && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        ends
    });
    end.unwrap_or(line.len())
}

/// The words of a text that starts at a byte.
fn words(start: usize, text: &str) -> impl Iterator<Item = Owner> {
    let mut end = start;
    text.split_inclusive(char::is_whitespace)
        .filter_map(move |piece| {
            let from = end;
            end += piece.len();
            let word = piece.trim_end();
            (!word.is_empty()).then(|| Owner {
                text: word.to_owned(),
                bytes: from..from + word.len(),
            })
        })
}

/// A text without the blanks around it, and where it starts.
fn trimmed(start: usize, text: &str) -> (usize, &str) {
    let inner = text.trim_start();
    (start + text.len() - inner.len(), inner.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{Codeowners, MAX_FAULTS, MAX_RULES};
    use crate::codeowners::dialect::Dialect;

    fn owners(codeowners: &Codeowners, path: &str) -> String {
        let rules = codeowners.rules(path);
        let owners = rules.iter().flat_map(|rule| &rule.owners);
        let owners: Vec<&str> = owners.map(|owner| owner.text.as_str()).collect();
        owners.join(" ")
    }

    fn hold(text: &str, dialect: Dialect, expected: &[(&str, &str)]) {
        let read = Codeowners::parse(text, dialect);
        for (path, owned_by) in expected {
            assert_eq!(owners(&read, path), *owned_by, "{path}");
        }
    }

    /// The faults, each with the text it points at.
    fn faults(text: &str, dialect: Dialect) -> Vec<String> {
        let read = Codeowners::parse(text, dialect);
        let faults = read.faults.iter();
        faults
            .map(|fault| {
                let at = text.get(fault.bytes.clone()).unwrap_or("outside");
                format!("{at}: {}", fault.message)
            })
            .collect()
    }

    #[test]
    fn the_last_line_that_matches_wins_on_github() {
        let text = "\u{feff}# default\r\n*  @global-owner1 @global-owner2\r\n*.js\t@js-owner #This is a comment.\n\
                    *.go docs@example.com\n*.txt @octo-org/octocats\ndocs/*  docs@example.com\napps/ @octocat\n\
                    /apps/github\n";
        assert_eq!(faults(text, Dialect::GitHub), [""; 0]);
        let expected = [
            ("README.md", "@global-owner1 @global-owner2"),
            ("src/a.js", "@js-owner"),
            ("a.go", "docs@example.com"),
            ("a.txt", "@octo-org/octocats"),
            ("docs/deep/a.md", "@global-owner1 @global-owner2"),
            ("docs/a.js", "docs@example.com"),
            ("x/apps/a.js", "@octocat"),
            ("apps/github/a.js", ""),
        ];
        hold(text, Dialect::GitHub, &expected);
        hold(text, Dialect::Bitbucket, &expected);
    }

    #[test]
    fn github_skips_what_it_does_not_take() {
        let text = "* @acme/all\n!docs/ @x\n*.[ch] @x\n\\#a @x\n/ @x\n* user\n*.a @acme/two.words\n@acme/web\n\
                    *.b @x @y!\n";
        assert_eq!(
            faults(text, Dialect::GitHub),
            [
                "!docs/: GitHub does not take patterns that start with `!`",
                "*.[ch]: GitHub does not take ranges of characters (`[ ]`)",
                "\\#a: GitHub does not take an escaped `#` at the start",
                "/: GitHub does not take `/` alone: it matches no file",
                "user: `user` is not a user (`@jane`), a team (`@acme/platform`) or an e-mail address, so GitHub skips \
                 the line",
                "@acme/two.words: `@acme/two.words` is not a user (`@jane`), a team (`@acme/platform`) or an e-mail \
                 address, so GitHub skips the line",
                "@acme/web: `@acme/web` is read as the path of a file: the line has no pattern",
                "@y!: `@y!` is not a user (`@jane`), a team (`@acme/platform`) or an e-mail address, so GitHub skips \
                 the line",
            ]
        );
        hold(
            text,
            Dialect::GitHub,
            &[
                ("a.c", "@acme/all"),
                ("x.a", "@acme/all"),
                ("x.b", "@acme/all"),
            ],
        );
    }

    #[test]
    fn bitbucket_chooses_among_members() {
        let text = "* alisha@example.com fred@example.com\n*.js @workspace-slug/frontenders:all\n\
                    *.py @workspace-slug/backenders:least_busy(2)\n*.tf @teams/sre-leads:random(2) # custom\n*.md jane";
        hold(
            text,
            Dialect::Bitbucket,
            &[
                ("a", "alisha@example.com fred@example.com"),
                ("a.js", "@workspace-slug/frontenders:all"),
                ("a.py", "@workspace-slug/backenders:least_busy(2)"),
                ("a.tf", "@teams/sre-leads:random(2)"),
            ],
        );
        assert_eq!(faults(text, Dialect::Bitbucket).len(), 1);
    }

    #[test]
    fn each_section_of_gitlab_has_its_owners() {
        let text = "* @admin\n\n[README Owners]\nREADME.md @user1 @user2\ninternal/README.md @user4\n\n\
                    [README other owners]\nREADME.md @user3\n";
        assert_eq!(faults(text, Dialect::GitLab), [""; 0]);
        hold(
            text,
            Dialect::GitLab,
            &[
                ("README.md", "@admin @user1 @user2 @user3"),
                ("internal/README.md", "@admin @user4 @user3"),
                ("a", "@admin"),
            ],
        );
    }

    #[test]
    fn sections_of_gitlab_have_default_owners() {
        let text = "[Documentation] @docs-team\ndocs/\nREADME.md\n\n^[Database] @database-team @agarcia\nmodel/db/\n\
                    config/db/database-setup.md @docs-team\n[Go][2] @go # a comment\n*.go\n[documentation]\n*.txt @x\n";
        assert_eq!(faults(text, Dialect::GitLab), [""; 0]);
        hold(
            text,
            Dialect::GitLab,
            &[
                ("docs/a", "@docs-team"),
                ("README.md", "@docs-team"),
                ("model/db/a", "@database-team @agarcia"),
                ("config/db/database-setup.md", "@docs-team"),
                ("a.go", "@go"),
                // One section with the first, and the last match counts.
                ("docs/a.txt", "@x"),
            ],
        );
    }

    #[test]
    fn gitlab_excludes_files_from_a_section() {
        let text = "!*.rb\n* @group-x\n\n[Ruby]\n*.rb @ruby-devs\n!/config/*\n";
        assert_eq!(faults(text, Dialect::GitLab), [""; 0]);
        hold(
            text,
            Dialect::GitLab,
            &[
                ("file.txt", "@group-x"),
                ("app/models/user.rb", "@ruby-devs"),
                ("config/routes.rb", ""),
            ],
        );
    }

    #[test]
    fn gitlab_reports_what_it_cannot_read() {
        let text = "[Open\n[] @a\n^[Optional][2] @a\n[Bad] words only\n*.md @a # why\n*.rb this @b does\n*.go\n\
                    \\#a @@developers joe@example.com\n*.x @@boss\n";
        assert_eq!(
            faults(text, Dialect::GitLab),
            [
                "[Open: the name of the section has no end",
                "[] @a: the section has no name",
                "^[Optional][2] @a: an optional section (`^`) cannot ask for approvals",
                "[Bad] words only: no owner of the section is a user, a group, a role or an e-mail address",
                "#: GitLab reads what stands behind a rule as owners, comments too",
                "this: `this` is not a user, a group, a role (`@@developer`) or an e-mail address",
                "*.go: the rule names no owner, which GitLab reports as an error",
                "@@boss: `@@boss` is not a user, a group, a role (`@@developer`) or an e-mail address",
                "*.x @@boss: the rule names no owner, which GitLab reports as an error",
            ]
        );
        hold(
            text,
            Dialect::GitLab,
            &[
                ("a.md", "@a"),
                ("a.rb", "@b"),
                ("#a", "@@developers joe@example.com"),
            ],
        );
    }

    #[test]
    fn blanks_can_be_escaped() {
        let text = "a/weird\\ path/\\ @username\\ / @user-1 email@example.org\n";
        for dialect in [Dialect::GitHub, Dialect::GitLab, Dialect::Bitbucket] {
            hold(
                text,
                dialect,
                &[(
                    "a/weird path/ @username /test.rb",
                    "@user-1 email@example.org",
                )],
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "([\\[\\]^!@#*/\\\\?a-c.é \\t\\r\\n\\u{feff}-]|[2]\\]){0,60}", path in "[a-c./# é]{1,20}") {
            for dialect in [Dialect::GitHub, Dialect::GitLab, Dialect::Bitbucket] {
                let read = Codeowners::parse(&text, dialect);
                for fault in &read.faults {
                    proptest::prop_assert!(text.get(fault.bytes.clone()).is_some());
                }
                for rule in read.rules(&path) {
                    proptest::prop_assert!(text.get(rule.bytes.clone()).is_some());
                    for owner in &rule.owners {
                        proptest::prop_assert_eq!(text.get(owner.bytes.clone()), Some(&*owner.text));
                    }
                }
            }
        }
    }

    #[test]
    fn there_are_limits() {
        let large = "# comment\n".repeat(400_000);
        assert_eq!(faults(&large, Dialect::GitHub).len(), 1);
        let broken = "* user\n".repeat(MAX_FAULTS * 2);
        assert_eq!(faults(&broken, Dialect::GitHub).len(), MAX_FAULTS + 1);
        let many = "a @b\n".repeat(MAX_RULES + 1);
        assert_eq!(faults(&many, Dialect::GitHub).len(), 1);
        let long = format!("{} @a\n", "a".repeat(5_000));
        assert_eq!(faults(&long, Dialect::GitLab).len(), 1);
        assert_eq!(faults("\0\u{1}\n@\n[]\n^\n[\n*", Dialect::GitLab).len(), 6);
    }
}
