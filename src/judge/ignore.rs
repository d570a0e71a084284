//! Comments that ignore findings: `# backstage2port: ignore[code, code] reason`.
//!
//! In: the findings of a run, and the files with such comments. Out: for each finding whether it is ignored; comments that
//! ignore nothing, or cannot be understood, are findings too. A comment counts for the line it ends; alone on a line for
//! the next one with content. `ignore-file` counts for the whole file.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use camino::Utf8PathBuf;

use super::has_run;
use crate::diagnostic::{Code, Diagnostic, MARKER, Stage, quoted, similar};
use crate::source::{Excerpt, FileId, Location, Place, RootId, Sources};
use crate::yaml::comments;

/// Codes that no comment can ignore: they are about what has no comments, or not about a line of it.
const WITHOUT_A_LINE: &[Code] = &[
    Code::UnreadableFile,
    Code::FileTooLarge,
    Code::NonUtf8Path,
    Code::JsonSyntax,
    Code::OwnersUnchecked,
    Code::InvalidCodeowners,
    Code::InvalidBlueprint,
    Code::UncheckedDefinition,
    Code::InvalidIgnore,
];

/// Codes that only some options look for, so that a comment may be of use in other runs.
const OF_OPTIONS: &[Code] = &[Code::LostToNeighbour, Code::CodeownersOwner];

const HOW: &str = "name what is to be ignored, such as `ignore[dangling-relation]`";

/// Says for each finding whether a comment ignores it, and adds what there is to say about comments.
pub(super) fn apply(
    found: &mut Vec<Diagnostic>,
    marked: BTreeSet<(RootId, Utf8PathBuf)>,
    sources: &mut Sources,
    last: Stage,
) -> Vec<bool> {
    let mut is_ignored = vec![false; found.len()];
    if marked.is_empty() {
        return is_ignored;
    }
    let mut of_file: HashMap<FileId, Vec<usize>> = HashMap::new();
    for (index, found) in found.iter().enumerate() {
        if let Some(location) = &found.location {
            of_file.entry(location.file).or_default().push(index);
        }
    }
    for (root, path) in marked {
        let file = sources.add(root, &path);
        // Whatever cannot be read now was told before.
        let Ok(excerpt) = Excerpt::of(sources, file) else {
            continue;
        };
        let lines = Lines::of(excerpt.text());
        let words = Words::of(excerpt.text(), &lines);
        if words.is_empty() {
            continue;
        }
        let mut places = Places::of(of_file.get(&file), found, &excerpt, &lines);
        for (scope, code) in words.ignored() {
            for index in places.at(scope, code) {
                is_ignored[*index] = true;
            }
        }
        places.note_told(&is_ignored);
        found.extend(words.judged(file, &places, last));
    }
    is_ignored.resize(found.len(), false);
    is_ignored
}

/// What a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    Line(usize),
    File,
}

/// A code that a comment ignores.
#[derive(Debug)]
struct Ignore {
    scope: Scope,
    code: Code,
    bytes: Range<usize>,
    /// Whether nobody minds if there is nothing to ignore.
    may_be_unused: bool,
}

/// What is wrong with a comment.
#[derive(Debug)]
struct Fault {
    message: String,
    help: String,
    bytes: Range<usize>,
    /// What is ignored without a word of what.
    nameless: Option<Scope>,
}

/// What the comments of a file say.
#[derive(Debug, Default)]
struct Words {
    ignores: Vec<Ignore>,
    faults: Vec<Fault>,
}

impl Words {
    fn of(text: &str, lines: &Lines<'_>) -> Self {
        let mut words = Self::default();
        for comment in comments::comments(text) {
            let Some(written) = text.get(comment.bytes.clone()) else {
                continue;
            };
            let (ignores, faults) = (words.ignores.len(), words.faults.len());
            words.read(written, comment.bytes.start, lines);
            // Behind an error nobody knows whether it is a comment at all.
            if !comment.is_certain {
                words.faults.truncate(faults);
                for ignore in &mut words.ignores[ignores..] {
                    ignore.may_be_unused = true;
                }
            }
        }
        let file =
            |ignore: &Ignore| ignore.scope == Scope::File && ignore.code == Code::UnusedIgnore;
        if words.ignores.iter().any(file) {
            for ignore in &mut words.ignores {
                ignore.may_be_unused = true;
            }
        }
        words
    }

    fn is_empty(&self) -> bool {
        self.ignores.is_empty() && self.faults.is_empty()
    }

    /// Reads one comment; `start` is where it stands in the file.
    fn read(&mut self, comment: &str, start: usize, lines: &Lines<'_>) {
        let mut marks = comment.match_indices(MARKER).map(|(at, _)| at);
        let Some(mark) = marks.find(|at| comment[..*at].trim_end().ends_with('#')) else {
            return;
        };
        let rest = comment[mark + MARKER.len()..].trim_start();
        let behind = |rest: &str| start + comment.len() - rest.len();
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '-';
        let length = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
        let (word, list) = rest.split_at(length);
        let list = list.trim_start();
        let word_bytes = behind(rest)..behind(rest) + word.len();
        let scope = match word {
            "ignore" => Scope::Line(lines.meant_at(start)),
            "ignore-file" => Scope::File,
            _ => return self.unknown_word(word, list, word_bytes),
        };
        let mut nameless = |message: &str, help: &str| {
            self.faults.push(Fault {
                message: message.to_owned(),
                help: help.to_owned(),
                bytes: word_bytes.clone(),
                nameless: Some(scope),
            });
        };
        let Some(inner) = list.strip_prefix('[') else {
            return nameless("this comment names no code, so it ignores nothing", HOW);
        };
        let Some((codes, _)) = inner.split_once(']') else {
            return nameless(
                "the list of codes is not closed, so it ignores nothing",
                "add the `]`",
            );
        };
        if codes.split(',').all(|code| code.trim().is_empty()) {
            return nameless("this comment names no code, so it ignores nothing", HOW);
        }
        let first = self.ignores.len();
        let mut at = behind(inner);
        for part in codes.split(',') {
            let code = part.trim();
            let from = at + (part.len() - part.trim_start().len());
            at += part.len() + 1;
            if !code.is_empty() {
                self.code(code, from..from + code.len(), scope);
            }
        }
        let new = &mut self.ignores[first..];
        if new.iter().any(|ignore| ignore.code == Code::UnusedIgnore) {
            for ignore in new {
                ignore.may_be_unused = true;
            }
        }
    }

    fn unknown_word(&mut self, word: &str, list: &str, bytes: Range<usize>) {
        let meant = similar(word, ["ignore", "ignore-file"].into_iter());
        // Prose may begin with the name of this program.
        if meant.is_none() && !list.starts_with('[') {
            return;
        }
        self.faults.push(Fault {
            message: format!("{} is nothing that a comment can ask for", quoted(word)),
            help: match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`ignore[code]` ignores findings of a line, `ignore-file[code]` of a file"
                    .to_owned(),
            },
            bytes,
            nameless: None,
        });
    }

    fn code(&mut self, name: &str, bytes: Range<usize>, scope: Scope) {
        let (message, help) = match Code::named(name) {
            Some(code) if code.stage() == Stage::Manifests || WITHOUT_A_LINE.contains(&code) => (
                format!("no comment can ignore `{code}`"),
                "it is not about a line of a descriptor".to_owned(),
            ),
            Some(code) => {
                return self.ignores.push(Ignore {
                    scope,
                    code,
                    bytes,
                    may_be_unused: false,
                });
            }
            None => (
                format!("there is no code {}", quoted(name)),
                match Code::similar(name) {
                    Some(code) => format!("did you mean `{code}`?"),
                    None => "`backstage2port explain` lists all codes".to_owned(),
                },
            ),
        };
        self.faults.push(Fault {
            message,
            help,
            bytes,
            nameless: None,
        });
    }

    /// What is ignored, each once.
    fn ignored(&self) -> HashSet<(Scope, Code)> {
        let ignores = self.ignores.iter();
        ignores.map(|ignore| (ignore.scope, ignore.code)).collect()
    }

    /// What there is to say about the comments.
    fn judged(self, file: FileId, places: &Places, last: Stage) -> Vec<Diagnostic> {
        let at = |bytes| Location {
            file,
            place: Place::Span {
                document: None,
                bytes,
            },
        };
        let Self { ignores, faults } = self;
        let unused = ignores.into_iter().filter(|ignore| {
            let Ignore { scope, code, .. } = ignore;
            !ignore.may_be_unused
                && has_run(code.stage(), last)
                && !OF_OPTIONS.contains(code)
                && places.at(*scope, *code).is_empty()
        });
        let unused = unused.map(|ignore| {
            let Ignore {
                scope, code, bytes, ..
            } = ignore;
            let (message, help) = match scope {
                Scope::File => ("in this file", "remove it from the comment".to_owned()),
                Scope::Line(line) => ("here", places.remedy(code, line)),
            };
            Diagnostic::new(
                Code::UnusedIgnore,
                format!("`{code}` is not found {message}, so there is nothing to ignore"),
            )
            .at(at(bytes))
            .help(help)
        });
        let faults = faults.into_iter().map(|fault| {
            let found = fault.nameless.map(|scope| places.codes(scope));
            let help = match found {
                Some(codes) if !codes.is_empty() => {
                    format!("what is found there is ignored by `[{}]`", codes.join(", "))
                }
                _ => fault.help,
            };
            Diagnostic::new(Code::InvalidIgnore, fault.message)
                .at(at(fault.bytes))
                .help(help)
        });
        unused.chain(faults).collect()
    }
}

/// Where the findings of a file are.
#[derive(Debug, Default)]
struct Places {
    /// Positions of findings by their first line, and that of the key in front.
    of_line: BTreeMap<(usize, Code), Vec<usize>>,
    of_code: BTreeMap<Code, Vec<usize>>,
    /// The lines of those that no comment ignores.
    told: BTreeMap<Code, BTreeSet<usize>>,
}

impl Places {
    fn of(
        indices: Option<&Vec<usize>>,
        found: &[Diagnostic],
        excerpt: &Excerpt,
        lines: &Lines<'_>,
    ) -> Self {
        let mut places = Self::default();
        for &index in indices.into_iter().flatten() {
            let Diagnostic { code, location, .. } = &found[index];
            let Some(location) = location else { continue };
            places.of_code.entry(*code).or_default().push(index);
            for line in lines.first_of(&location.place, excerpt) {
                places.of_line.entry((line, *code)).or_default().push(index);
            }
        }
        places
    }

    fn note_told(&mut self, is_ignored: &[bool]) {
        for ((line, code), indices) in &self.of_line {
            if indices.iter().any(|index| !is_ignored[*index]) {
                self.told.entry(*code).or_default().insert(*line);
            }
        }
    }

    /// The positions of the findings that a comment is about.
    fn at(&self, scope: Scope, code: Code) -> &[usize] {
        let found = match scope {
            Scope::Line(line) => self.of_line.get(&(line, code)),
            Scope::File => self.of_code.get(&code),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The codes found where a comment counts, those that it could ignore.
    fn codes(&self, scope: Scope) -> Vec<&'static str> {
        const SHOWN: usize = 5;
        let all: Vec<Code> = match scope {
            Scope::File => self.of_code.keys().copied().collect(),
            Scope::Line(line) => {
                let first = Code::ALL.first().copied();
                let from = first.map(|first| self.of_line.range((line, first)..));
                let here = from.into_iter().flatten();
                here.map_while(|((its, code), _)| (*its == line).then_some(*code))
                    .collect()
            }
        };
        let can_be_ignored = |code: &Code| !WITHOUT_A_LINE.contains(code);
        let all = all.into_iter().filter(can_be_ignored);
        all.take(SHOWN).map(Code::id).collect()
    }

    /// What to do about a comment with nothing to ignore.
    fn remedy(&self, code: Code, line: usize) -> String {
        let nearest = self.told.get(&code).and_then(|lines| {
            let before = lines.range(..line).next_back();
            let after = lines.range(line..).next();
            let both = before.into_iter().chain(after);
            both.min_by_key(|found| found.abs_diff(line))
        });
        match nearest {
            Some(found) => format!(
                "it is found at line {}; a comment counts for its own line, alone on a line for the next one",
                found + 1
            ),
            None => "remove it from the comment".to_owned(),
        }
    }
}

/// The lines of a text, from 0.
#[derive(Debug)]
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// For each line the first one with content, from there on.
    content: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut content = vec![starts.len(); starts.len() + 1];
        for (line, start) in starts.iter().enumerate().rev() {
            let end = starts.get(line + 1).copied().unwrap_or(text.len());
            content[line] = if has_content(&text[*start..end]) {
                line
            } else {
                content[line + 1]
            };
        }
        Self {
            text,
            starts,
            content,
        }
    }

    fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// The line that a comment is about: its own, or the next one with content where it stands alone.
    fn meant_at(&self, comment: usize) -> usize {
        let line = self.at(comment);
        let before = self.text.get(self.starts[line]..comment);
        if before.is_some_and(has_content) {
            line
        } else {
            self.content[line + 1]
        }
    }

    /// The lines where a comment ignores a finding: the first of its place, and that of the key in front. What is about
    /// the file as a whole begins with its first line.
    fn first_of(&self, place: &Place, excerpt: &Excerpt) -> BTreeSet<usize> {
        let key = match place {
            Place::Value { document, field } => Some(Place::Key {
                document: *document,
                field: field.clone(),
            }),
            _ => None,
        };
        let places = std::iter::once(place).chain(&key);
        let spans = places.filter_map(|place| excerpt.span(place));
        let lines: BTreeSet<_> = spans.map(|span| self.at(span.start)).collect();
        if lines.is_empty() {
            return [self.content[0]].into();
        }
        lines
    }
}

/// Whether a line, or the part before a comment, has more than a comment, a directive or the start of a document.
fn has_content(line: &str) -> bool {
    let line = line.trim_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    let line = line.strip_prefix("---").map_or(line, str::trim_start);
    !line.is_empty() && !line.starts_with(['#', '%'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_means_its_own_line_or_the_next_with_content() {
        let text = "\u{feff}# a\n%YAML 1.2\n--- # b\n\nkey: value # c\n  # d\n# e\n- x # f\n# g\n";
        let lines = Lines::of(text);
        let meant = |comment: &str| text.find(comment).map(|at| lines.meant_at(at));
        let expected = [4, 4, 4, 7, 7, 7, 10];
        for (comment, line) in ["# a", "# b", "# c", "# d", "# e", "# f", "# g"]
            .iter()
            .zip(expected)
        {
            assert_eq!(meant(comment), Some(line), "{comment}");
        }
    }

    #[test]
    fn words_point_at_what_they_are_about() {
        let text = "a: b\nc: d # x # backstage2port: ignore[ wrong-kind, é ,custom-kind] é\n";
        let words = Words::of(text, &Lines::of(text));
        let codes = words
            .ignores
            .iter()
            .map(|ignore| &text[ignore.bytes.clone()]);
        assert_eq!(codes.collect::<Vec<_>>(), ["wrong-kind", "custom-kind"]);
        let faults = words.faults.iter().map(|fault| &text[fault.bytes.clone()]);
        assert_eq!(faults.collect::<Vec<_>>(), ["é"]);
        assert!(
            words
                .ignores
                .iter()
                .all(|ignore| ignore.scope == Scope::Line(1))
        );
    }

    #[test]
    fn a_broken_document_is_given_the_benefit_of_the_doubt() {
        let text = "a: b: c # backstage2port: ignore[yaml-syntax, nothing]\n";
        let words = Words::of(text, &Lines::of(text));
        assert!(words.ignores.iter().all(|ignore| ignore.may_be_unused));
        assert_eq!((words.ignores.len(), words.faults.len()), (1, 0));
    }
}
