//! Patterns in Location targets, as Backstage's GitHub reader matches them (the `is-glob` and `minimatch` packages).
//!
//! In: a pattern and paths of a repository. Out: which paths match. Stars do not match hidden files and folders.
//! Matching follows sets of positions, so that no pattern takes more than polynomial time.

use camino::Utf8Path;

/// Braces may stand for this many patterns; real ones name a handful.
const MAX_ALTERNATIVES: usize = 1_000;
/// Groups may stand in groups this deep: each level costs another factor of the length of a name.
const MAX_NESTED_GROUPS: usize = 2;

/// Whether an address is a pattern at all.
pub(super) fn is_pattern(path: &str) -> bool {
    let closes = |open: usize, close: char| path[open + 1..].find(close).is_some_and(|at| at > 0);
    path.starts_with('!')
        || path.char_indices().any(|(at, char)| match char {
            '*' => true,
            '[' => closes(at, ']'),
            '{' => closes(at, '}'),
            '(' => {
                let has_prefix = path[..at].ends_with(['@', '?', '!', '+', '*']);
                let inside = path[at + 1..].split_once(')').map(|(inside, _)| inside);
                inside.is_some_and(|inside| has_prefix || inside.contains('|'))
            }
            _ => false,
        })
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Glob {
    /// A pattern that starts with `!` matches what the rest does not.
    is_negated: bool,
    alternatives: Vec<Vec<Segment>>,
}

#[derive(Debug)]
enum Segment {
    /// `**`: any number of folders.
    Folders,
    Name(Vec<Token>),
}

#[derive(Debug)]
enum Token {
    Literal(char),
    AnyChar,
    AnyText,
    Class {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
    Group {
        quantifier: char,
        choices: Vec<Vec<Self>>,
    },
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// When its braces stand for too many patterns, or its groups are nested too deep.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let rest = pattern.trim_start_matches('!');
        let depth = rest.chars().scan(0_usize, |depth, char| {
            match char {
                '(' => *depth += 1,
                ')' => *depth = depth.saturating_sub(1),
                _ => {}
            }
            Some(*depth)
        });
        if depth.max() > Some(MAX_NESTED_GROUPS) {
            return Err(format!(
                "its groups stand in each other more than {MAX_NESTED_GROUPS} deep"
            ));
        }
        let mut expanded = Vec::new();
        expand(rest, &mut expanded)?;
        Ok(Self {
            is_negated: (pattern.len() - rest.len()) % 2 == 1,
            alternatives: expanded.iter().map(|pattern| segments(pattern)).collect(),
        })
    }

    /// The folder that everything that matches is in, as far as the pattern spells it out: `a/b/`, or nothing.
    pub(super) fn folder(&self) -> String {
        let mut folders: Option<Vec<String>> = None;
        for alternative in &self.alternatives {
            let before_name = &alternative[..alternative.len().saturating_sub(1)];
            let own = before_name.iter().map_while(Segment::spelled_out);
            folders = Some(match folders {
                None => own.collect(),
                Some(common) => common
                    .into_iter()
                    .zip(own)
                    .map_while(|(common, own)| (common == own).then_some(common))
                    .collect(),
            });
        }
        let folders = folders.filter(|_| !self.is_negated).unwrap_or_default();
        let folders = folders.into_iter();
        folders
            .flat_map(|folder| [folder, "/".to_owned()])
            .collect()
    }

    /// Whether a path matches.
    pub(super) fn matches(&self, path: &Utf8Path) -> bool {
        let parts: Vec<&str> = path.components().map(|part| part.as_str()).collect();
        let is_match = self
            .alternatives
            .iter()
            .any(|pattern| match_segments(pattern, &parts));
        is_match != self.is_negated
    }
}

impl Segment {
    /// The name that a segment stands for, where it stands for one.
    fn spelled_out(&self) -> Option<String> {
        let Self::Name(tokens) = self else {
            return None;
        };
        let literal = |token: &Token| match token {
            Token::Literal(char) => Some(*char),
            _ => None,
        };
        tokens.iter().map(literal).collect()
    }
}

/// Splits the first brace with a comma into its choices, again and again: `{a,b}.{c,d}` gives four patterns.
fn expand(pattern: &str, expanded: &mut Vec<String>) -> Result<(), String> {
    let Some((before, choices, after)) = first_brace(pattern) else {
        if expanded.len() >= MAX_ALTERNATIVES {
            return Err(format!(
                "its braces stand for more than {MAX_ALTERNATIVES} patterns"
            ));
        }
        expanded.push(pattern.to_owned());
        return Ok(());
    };
    choices
        .iter()
        .try_for_each(|choice| expand(&format!("{before}{choice}{after}"), expanded))
}

fn first_brace(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let open = pattern
        .char_indices()
        .filter(|(_, char)| *char == '{')
        .map(|(at, _)| at);
    open.into_iter().find_map(|open| {
        let (mut depth, mut start, mut choices) = (0, open + 1, Vec::new());
        for (at, char) in pattern.char_indices().skip_while(|(at, _)| *at <= open) {
            match char {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' if depth == 0 => {
                    choices.push(&pattern[start..at]);
                    start = at + 1;
                }
                '}' => {
                    choices.push(&pattern[start..at]);
                    let is_choice = choices.len() > 1;
                    return is_choice.then(|| (&pattern[..open], choices, &pattern[at + 1..]));
                }
                _ => {}
            }
        }
        None
    })
}

fn segments(pattern: &str) -> Vec<Segment> {
    split_outside_groups(pattern, '/')
        .into_iter()
        .filter(|segment| !segment.is_empty())
        .map(|segment| match segment {
            "**" => Segment::Folders,
            name => Segment::Name(tokens(name)),
        })
        .collect()
}

/// Splits where a separator stands outside of round brackets.
fn split_outside_groups(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_usize, 0, Vec::new());
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            char if char == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + char.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn tokens(name: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = name;
    while let Some(char) = rest.chars().next() {
        let after = &rest[char.len_utf8()..];
        let special = match char {
            '@' | '?' | '*' | '+' | '!' if after.starts_with('(') => group(char, after),
            '[' => class(after),
            _ => None,
        };
        let (token, left) = special.unwrap_or(match char {
            '*' => (Token::AnyText, after),
            '?' => (Token::AnyChar, after),
            char => (Token::Literal(char), after),
        });
        tokens.push(token);
        rest = left;
    }
    tokens
}

fn group(quantifier: char, text: &str) -> Option<(Token, &str)> {
    let mut depth = 0;
    let close = text.char_indices().find_map(|(at, char)| {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })?;
    let choices = split_outside_groups(&text[1..close], '|')
        .into_iter()
        .map(tokens)
        .collect();
    Some((
        Token::Group {
            quantifier,
            choices,
        },
        &text[close + 1..],
    ))
}

fn class(text: &str) -> Option<(Token, &str)> {
    let inside = text.strip_prefix(['!', '^']);
    let is_negated = inside.is_some();
    let inside = inside.unwrap_or(text);
    // A bracket right at the start stands for itself.
    let close = inside
        .char_indices()
        .skip(1)
        .find(|(_, char)| *char == ']')?
        .0;
    let chars: Vec<char> = inside[..close].chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(first) = chars.get(at) {
        let last = (chars.get(at + 1) == Some(&'-'))
            .then(|| chars.get(at + 2))
            .flatten();
        ranges.push((*first, *last.unwrap_or(first)));
        at += if last.is_some() { 3 } else { 1 };
    }
    Some((Token::Class { is_negated, ranges }, &inside[close + 1..]))
}

/// Follows all ways through the segments at once: which numbers of parts can be matched so far.
fn match_segments(pattern: &[Segment], parts: &[&str]) -> bool {
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    for segment in pattern {
        let mut next = vec![false; parts.len() + 1];
        match segment {
            Segment::Folders => {
                let mut is_open = false;
                for at in 0..=parts.len() {
                    is_open = reached[at] || (is_open && !parts[at - 1].starts_with('.'));
                    next[at] = is_open;
                }
            }
            Segment::Name(tokens) => {
                for (at, part) in parts.iter().enumerate().filter(|(at, _)| reached[*at]) {
                    next[at + 1] = match_name(tokens, part);
                }
            }
        }
        reached = next;
    }
    reached[parts.len()]
}

fn match_name(tokens: &[Token], name: &str) -> bool {
    if name.starts_with('.') && !matches!(tokens.first(), Some(Token::Literal('.'))) {
        return false;
    }
    let chars: Vec<char> = name.chars().collect();
    let mut reached = vec![false; chars.len() + 1];
    reached[0] = true;
    after(tokens, &chars, reached).last() == Some(&true)
}

/// Where matches can end that start at any of the positions reached.
fn after(tokens: &[Token], chars: &[char], reached: Vec<bool>) -> Vec<bool> {
    tokens.iter().fold(reached, |reached, token| match token {
        Token::AnyText => {
            let first = reached.iter().position(|is_reached| *is_reached);
            (0..reached.len())
                .map(|at| first.is_some_and(|first| at >= first))
                .collect()
        }
        Token::Group {
            quantifier,
            choices,
        } => after_group(*quantifier, choices, chars, &reached),
        token => {
            let stepped = reached
                .iter()
                .zip(chars)
                .map(|(is_reached, char)| *is_reached && token.is_match(*char));
            std::iter::once(false).chain(stepped).collect()
        }
    })
}

fn after_group(
    quantifier: char,
    choices: &[Vec<Token>],
    chars: &[char],
    reached: &[bool],
) -> Vec<bool> {
    let once = |from: &[bool]| {
        let ends = choices
            .iter()
            .map(|choice| after(choice, chars, from.to_vec()));
        ends.fold(vec![false; from.len()], |all, ends| union(&all, &ends))
    };
    match quantifier {
        '!' => (0..reached.len()).filter(|start| reached[*start]).fold(
            vec![false; reached.len()],
            |all, start| {
                let matched = once(&(0..reached.len()).map(|at| at == start).collect::<Vec<_>>());
                let others: Vec<bool> = (0..reached.len())
                    .map(|end| end >= start && !matched[end])
                    .collect();
                union(&all, &others)
            },
        ),
        '?' => union(&once(reached), reached),
        '*' | '+' => {
            let mut all = once(reached);
            // Only positions that are new can lead to more.
            let mut new = all.clone();
            while new.contains(&true) {
                let more = once(&new);
                new = more
                    .iter()
                    .zip(&all)
                    .map(|(more, known)| *more && !*known)
                    .collect();
                all = union(&all, &new);
            }
            if quantifier == '*' {
                union(&all, reached)
            } else {
                all
            }
        }
        _ => once(reached),
    }
}

fn union(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(a, b)| *a || *b).collect()
}

impl Token {
    /// Whether a token that stands for one character stands for this one.
    fn is_match(&self, char: char) -> bool {
        match self {
            Self::Literal(literal) => char == *literal,
            Self::AnyChar => true,
            Self::Class { is_negated, ranges } => {
                ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&char))
                    != *is_negated
            }
            Self::AnyText | Self::Group { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(pattern: &str, paths: &[&str]) -> Result<Vec<String>, String> {
        let glob = Glob::new(pattern)?;
        let matching = paths
            .iter()
            .filter(|path| glob.matches(Utf8Path::new(path)));
        let matching: Vec<String> = matching.map(|path| (*path).to_owned()).collect();
        let folder = glob.folder();
        assert!(
            matching.iter().all(|path| path.starts_with(&folder)),
            "{pattern}"
        );
        Ok(matching)
    }

    #[test]
    fn the_folder_of_a_pattern_is_what_it_spells_out() -> Result<(), String> {
        for (pattern, folder) in [
            ("a/b/*.yaml", "a/b/"),
            ("a/{b,c}/d/x.yaml", "a/"),
            ("a/b*/c.yaml", "a/"),
            ("a/**/c.yaml", "a/"),
            ("{a,b}/*.yaml", ""),
            ("*.yaml", ""),
            ("!a/b/*.yaml", ""),
            ("!!a/*.yaml", "a/"),
        ] {
            assert_eq!(Glob::new(pattern)?.folder(), folder, "{pattern}");
        }
        Ok(())
    }

    /// Answers of minimatch for the same patterns.
    #[test]
    fn patterns_match_as_minimatch_does() -> Result<(), String> {
        let paths = [
            "a.yaml",
            "a/x.yaml",
            "b/x.yaml",
            "a/b/x.yaml",
            ".h/x.yaml",
            "a/.h/x.yaml",
            "a/.x.yaml",
            "ab/x.yaml",
        ];
        for (pattern, expected) in [
            ("*.yaml", vec!["a.yaml"]),
            ("*/x.yaml", vec!["a/x.yaml", "b/x.yaml", "ab/x.yaml"]),
            (
                "**/x.yaml",
                vec!["a/x.yaml", "b/x.yaml", "a/b/x.yaml", "ab/x.yaml"],
            ),
            ("a/**", vec!["a/x.yaml", "a/b/x.yaml"]),
            ("{a,b}/x.yaml", vec!["a/x.yaml", "b/x.yaml"]),
            ("[ab]/x.yaml", vec!["a/x.yaml", "b/x.yaml"]),
            ("[!a]/x.yaml", vec!["b/x.yaml"]),
            ("!(a)/x.yaml", paths.to_vec()),
            ("a!(b)/x.yaml", vec!["a/x.yaml"]),
            ("@(a|ab)/x.yaml", vec!["a/x.yaml", "ab/x.yaml"]),
            ("a?(b)/x.yaml", vec!["a/x.yaml", "ab/x.yaml"]),
            ("+(a|b)/x.yaml", vec!["a/x.yaml", "b/x.yaml", "ab/x.yaml"]),
            (".h/*.yaml", vec![".h/x.yaml"]),
            ("**/.h/*", vec![".h/x.yaml", "a/.h/x.yaml"]),
            ("{a}/x.yaml", vec![]),
        ] {
            assert_eq!(matching(pattern, &paths)?, expected, "{pattern}");
        }
        Ok(())
    }

    #[test]
    fn no_pattern_takes_long() -> Result<(), String> {
        let path = "a".repeat(200);
        let nested = format!("{}b", "*(*(a|aa)|a)".repeat(8));
        assert_eq!(matching(&nested, &[&path])?, Vec::<String>::new());
        assert!(Glob::new(&"{a,b}".repeat(20)).is_err());
        assert!(Glob::new("*(*(*(a)))").is_err());
        Ok(())
    }

    #[test]
    fn patterns_are_told_from_names() {
        for (path, expected) in [
            ("a/b.yaml", false),
            ("a/*.yaml", true),
            ("{a,b}.yaml", true),
            ("a{}.yaml", false),
            ("[ab].yaml", true),
            ("a[.yaml", false),
            ("@(a)/x", true),
            ("(a)/x", false),
            ("(a|b)/x", true),
        ] {
            assert_eq!(is_pattern(path), expected, "{path}");
        }
    }
}
