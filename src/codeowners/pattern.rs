//! The path patterns of CODEOWNERS, each dialect's own.
//!
//! In: a pattern as written. Out: which paths it matches, counted from the top of the repository; case matters
//! everywhere. Matching takes no more than the product of the lengths of pattern and path.
//!
//! | | GitHub, Bitbucket | GitLab |
//! |---|---|---|
//! | comes from | gitignore | `File.fnmatch` of Ruby |
//! | `docs` | a file or a folder with all it holds | a file |
//! | `a/b` without a leading slash | from the top | anywhere |
//! | `docs/*` | files in the folder, no deeper | the same |
//! | `docs/**` | all that the folder holds | files in the folder, no deeper |
//! | `[ab]` | plain text | one of these characters |

use super::dialect::Dialect;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    /// Whether everything below a matching folder matches too.
    takes_contents: bool,
}

#[derive(Debug)]
enum Segment {
    /// Any number of folders.
    Folders,
    Name(Vec<Token>),
}

#[derive(Debug, PartialEq)]
enum Token {
    Literal(char),
    AnyChar,
    AnyText,
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// A path, cut for matching.
#[derive(Debug)]
pub(super) struct Path(Vec<Vec<char>>);

impl Path {
    pub(super) fn new(path: &str) -> Self {
        Self(path.split('/').map(|part| part.chars().collect()).collect())
    }
}

impl Pattern {
    /// Compiles a pattern; a backslash takes the next character as it is.
    pub(super) fn new(text: &str, dialect: Dialect) -> Self {
        match dialect {
            Dialect::GitLab => Self::fnmatch(text),
            Dialect::GitHub | Dialect::Bitbucket => Self::gitignore(text),
        }
    }

    fn gitignore(text: &str) -> Self {
        let inside = text.strip_prefix('/').unwrap_or(text);
        let (names, is_folder) = match inside.strip_suffix('/') {
            Some(names) => (names, true),
            None => (inside, false),
        };
        let is_anchored = inside.len() < text.len() || names.contains('/');
        let mut segments = Vec::new();
        if !is_anchored {
            segments.push(Segment::Folders);
        }
        segments.extend(names.split('/').map(|name| match name {
            "**" => Segment::Folders,
            name => Segment::Name(tokens(name, false)),
        }));
        let holds_all = is_folder || matches!(segments.last(), Some(Segment::Folders));
        if holds_all {
            segments.push(Segment::Folders);
            segments.push(Segment::any());
        }
        // `docs/*` stops at the files of the folder, where gitignore would go on.
        let stops =
            holds_all || is_anchored && matches!(segments.last(), Some(last) if last.is_any());
        Self {
            segments,
            takes_contents: !stops,
        }
    }

    fn fnmatch(text: &str) -> Self {
        let inside = text.strip_prefix('/');
        let mut segments = Vec::new();
        if inside.is_none() {
            segments.push(Segment::Folders);
        }
        let mut names = inside.unwrap_or(text).split('/').peekable();
        while let Some(name) = names.next() {
            match (name, names.peek()) {
                ("", None) => segments.extend([Segment::Folders, Segment::any()]),
                ("**", Some(_)) => segments.push(Segment::Folders),
                (name, _) => segments.push(Segment::Name(tokens(name, true))),
            }
        }
        Self {
            segments,
            takes_contents: false,
        }
    }

    pub(super) fn matches(&self, path: &Path) -> bool {
        let (mut segment, mut part) = (0, 0);
        // Where to go on with one more folder for the last `**`.
        let mut retry = None;
        loop {
            match (self.segments.get(segment), path.0.get(part)) {
                (Some(Segment::Folders), _) => {
                    segment += 1;
                    retry = Some((segment, part));
                    continue;
                }
                (Some(Segment::Name(tokens)), Some(name)) if matches_name(tokens, name) => {
                    segment += 1;
                    part += 1;
                    continue;
                }
                (None, None) => return true,
                (None, Some(_)) if self.takes_contents => return true,
                _ => {}
            }
            match retry {
                Some((after, start)) if start < path.0.len() => {
                    (segment, part) = (after, start + 1);
                    retry = Some((after, start + 1));
                }
                _ => return false,
            }
        }
    }
}

impl Segment {
    fn any() -> Self {
        Self::Name(vec![Token::AnyText])
    }

    fn is_any(&self) -> bool {
        matches!(self, Self::Name(tokens) if *tokens == [Token::AnyText])
    }
}

fn tokens(name: &str, has_classes: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        tokens.push(match char {
            '\\' => Token::Literal(chars.next().unwrap_or('\\')),
            '*' if tokens.last() == Some(&Token::AnyText) => continue,
            '*' => Token::AnyText,
            '?' => Token::AnyChar,
            '[' if has_classes => class(&mut chars),
            char => Token::Literal(char),
        });
    }
    tokens
}

/// What follows `[`; without a closing bracket nothing matches.
fn class(chars: &mut std::str::Chars<'_>) -> Token {
    let mut rest = chars.clone();
    let is_negated = matches!(rest.clone().next(), Some('!' | '^'));
    if is_negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    let mut is_closed = false;
    while let Some(char) = rest.next() {
        let first = match char {
            ']' => {
                is_closed = true;
                break;
            }
            '\\' => rest.next().unwrap_or('\\'),
            char => char,
        };
        let mut ahead = rest.clone();
        let last = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(last)) if last != ']' => {
                rest = ahead;
                last
            }
            _ => first,
        };
        ranges.push((first, last));
    }
    *chars = rest;
    Token::Class {
        is_negated: is_negated && is_closed,
        ranges: if is_closed { ranges } else { Vec::new() },
    }
}

fn matches_name(tokens: &[Token], name: &[char]) -> bool {
    let (mut token, mut at) = (0, 0);
    // Where to go on with one more character for the last `*`.
    let mut retry = None;
    loop {
        match (tokens.get(token), name.get(at)) {
            (None, None) => return true,
            (Some(Token::AnyText), _) => {
                token += 1;
                retry = Some((token, at));
                continue;
            }
            (Some(one), Some(char)) if one.takes(*char) => {
                token += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        match retry {
            Some((after, start)) if start < name.len() => {
                (token, at) = (after, start + 1);
                retry = Some((after, start + 1));
            }
            _ => return false,
        }
    }
}

impl Token {
    fn takes(&self, char: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == char,
            Self::AnyChar => true,
            Self::AnyText => false,
            Self::Class { is_negated, ranges } => {
                let is_named = ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&char));
                is_named != *is_negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Pattern};
    use crate::codeowners::dialect::Dialect;

    fn matching(pattern: &str, dialect: Dialect, paths: &[&str]) -> Vec<bool> {
        let pattern = Pattern::new(pattern, dialect);
        let matching = paths.iter().map(|path| pattern.matches(&Path::new(path)));
        matching.collect()
    }

    fn hold(dialect: Dialect, cases: &[(&str, &[&str], &[&str])]) {
        for (pattern, matched, others) in cases {
            let found = matching(pattern, dialect, matched);
            assert_eq!(found, vec![true; matched.len()], "{pattern}: {matched:?}");
            let found = matching(pattern, dialect, others);
            assert_eq!(
                found,
                vec![false; others.len()],
                "{pattern}: not {others:?}"
            );
        }
    }

    #[test]
    fn github_reads_patterns_as_its_page_says() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("*", &["a", "a/b/c.txt", ".github/x"], &[]),
            ("*.js", &["a.js", "src/deep/a.js"], &["a.ts", "js"]),
            (
                "/build/logs/",
                &["build/logs/a", "build/logs/deep/a"],
                &["build/logs", "x/build/logs/a"],
            ),
            (
                "docs/*",
                &["docs/getting-started.md"],
                &["docs/build-app/troubleshooting.md", "x/docs/a.md"],
            ),
            (
                "apps/",
                &["apps/a", "x/apps/deep/a"],
                &["apps", "my-apps/a"],
            ),
            ("/docs/", &["docs/a", "docs/deep/a"], &["x/docs/a"]),
            (
                "**/logs",
                &["logs/a", "build/logs/a", "deeply/nested/logs", "logs"],
                &["logs.txt", "blogs/a"],
            ),
            (
                "/apps/github",
                &["apps/github", "apps/github/a/b"],
                &["apps/githubber", "x/apps/github"],
            ),
            // What gitignore's page adds.
            ("/*", &["a"], &["a/b"]),
            ("/f*", &["foo", "foo/bar"], &["bar/foo"]),
            ("a/b", &["a/b", "a/b/c"], &["x/a/b"]),
            ("a/**/b", &["a/b", "a/x/y/b", "a/x/b/c"], &["b", "a/bc"]),
            ("a/**", &["a/b", "a/b/c"], &["a"]),
            ("**", &["a", "a/b"], &[]),
            ("**/", &["a/b"], &[]),
            ("f?o", &["foo", "x/fio"], &["fo", "f/o"]),
            ("f\\*o", &["f*o"], &["foo"]),
            ("a\\ b/", &["a b/c"], &["a/b/c"]),
            ("{a,b}", &["{a,b}"], &["a", "b"]),
            ("*a*b*c", &["xaxbxc", "abc/d"], &["acb"]),
            ("/", &[], &["a", "a/b"]),
            ("README.md", &["README.md"], &["readme.md"]),
        ];
        hold(Dialect::GitHub, cases);
        hold(Dialect::Bitbucket, cases);
    }

    #[test]
    fn gitlab_reads_patterns_as_its_page_says() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("*", &["a", "a/b/c.txt", ".gitlab/x"], &[]),
            ("/README.md", &["README.md"], &["docs/README.md"]),
            (
                "README.md",
                &["README.md", "app/lib/README.md"],
                &["README.mdx"],
            ),
            (
                "internal/README.md",
                &["internal/README.md", "docs/api/internal/README.md"],
                &["README.md"],
            ),
            (
                "/docs/",
                &["docs/a.md", "docs/deep/a.md"],
                &["docs", "x/docs/a.md"],
            ),
            ("lib/", &["lib/a", "ee/lib/deep/a"], &["lib"]),
            ("/docs/*.md", &["docs/a.md"], &["docs/deep/a.md"]),
            (
                "/docs/*spec*",
                &["docs/qa_specs.rb", "docs/runtime.spec"],
                &["docs/a/spec"],
            ),
            (
                "/docs/*/README.md",
                &["docs/api/README.md"],
                &["docs/README.md", "docs/a/b/README.md"],
            ),
            (
                "/docs/**/index.md",
                &["docs/index.md", "docs/api/graphql/index.md"],
                &["docs/index.mdx"],
            ),
            ("/docs/**/*.md", &["docs/a.md", "docs/a/b.md"], &["a.md"]),
            (
                "foo/*",
                &["foo/bar", "baz/foo/bar"],
                &["fufoo/bar", "foo/bar/baz"],
            ),
            ("/*", &["README.md"], &["nested/path/README.md"]),
            (
                "path\\ with\\ spaces/",
                &["path with spaces/docs.md"],
                &["path"],
            ),
            (
                "\\#file_with_pound.rb",
                &["#file_with_pound.rb", "x/#file_with_pound.rb"],
                &[],
            ),
            // What its page leaves to `File.fnmatch`.
            ("docs", &["docs", "ee/docs"], &["docs/a.md"]),
            ("/docs/**", &["docs/a.md"], &["docs/a/b.md"]),
            (
                "[ab]-[0-9].md",
                &["a-1.md", "x/b-9.md"],
                &["c-1.md", "a-x.md"],
            ),
            ("[!a-c]x", &["dx"], &["ax", "cx"]),
            ("[ab", &[], &["a", "[ab"]),
            ("{a,b}", &["{a,b}"], &["a"]),
        ];
        hold(Dialect::GitLab, cases);
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = "*a".repeat(1_000) + "b/**/" + &"**/x*/".repeat(200) + "y";
        let path = "a".repeat(2_000) + "b/" + &"xx/".repeat(600);
        for dialect in [Dialect::GitHub, Dialect::GitLab] {
            assert_eq!(matching(&pattern, dialect, &[&path]), [false]);
        }
    }
}
