//! Finds the comments of a text, for those that say something to this program.
//!
//! In: the text of a file. Out: the bytes of each [`Comment`]. A `#` inside a scalar is none. The text is parsed for this
//! alone: files in which nobody looks for comments never pay for them.

use std::ops::Range;

use granit_parser::{Event, Parser, options};

use super::odd::Source;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The bytes from the `#` to the end of the line.
    pub(crate) bytes: Range<usize>,
    /// Whether it stands where the parser could follow. Behind an error, up to the next document, a `#` that looks like
    /// the start of a comment may be part of a text.
    pub(crate) is_certain: bool,
}

/// The comments of a text, in their order.
pub(crate) fn comments(text: &str) -> Vec<Comment> {
    let source = Source::of(text);
    let options = options! {
        emit_comments: true,
        // A file is small enough for all of them.
        max_buffered_comment_events: usize::MAX,
        emit_unresolved_aliases: true,
    };
    let mut parser = Parser::new_from_str_with_options(source.text(), options);
    let mut comments = Vec::new();
    // Where the parser could not follow any more.
    let mut lost: Option<usize> = None;
    while let Some(next) = parser.next_event() {
        match next {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                let bytes = source.original(span.byte_range().unwrap_or(0..0));
                if let Some(start) = lost.take() {
                    look(text, start..bytes.start, &mut comments);
                }
                if matches!(event, Event::Comment(..)) {
                    comments.push(Comment {
                        bytes,
                        is_certain: true,
                    });
                }
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(0);
                lost.get_or_insert(source.original(at..at).start);
                if !parser.proceed_next_document().unwrap_or(false) {
                    break;
                }
            }
        }
    }
    if let Some(start) = lost {
        look(text, start..text.len(), &mut comments);
    }
    comments.sort_by_key(|comment| (comment.bytes.start, !comment.is_certain));
    comments.dedup_by_key(|comment| comment.bytes.start);
    comments
}

/// Looks for what may be comments without the parser: a `#` at the start of a line or behind white space.
fn look(text: &str, range: Range<usize>, comments: &mut Vec<Comment>) {
    let Some(part) = text.get(range.clone()) else {
        return;
    };
    let mut start = range.start;
    for line in part.split_inclusive('\n') {
        let before = |at: usize| text[..start + at].chars().next_back();
        let mut marks = line.match_indices('#').map(|(at, _)| at);
        if let Some(at) = marks.find(|at| before(*at).is_none_or(char::is_whitespace)) {
            let comment = line[at..].trim_end_matches(['\n', '\r']);
            comments.push(Comment {
                bytes: start + at..start + at + comment.len(),
                is_certain: false,
            });
        }
        start += line.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(&str, bool)> {
        let comments = comments(text).into_iter();
        comments
            .map(|comment| (&text[comment.bytes], comment.is_certain))
            .collect()
    }

    #[test]
    fn a_hash_inside_a_scalar_is_no_comment() {
        let text = "# 1\na: b # 2\nc: 'x # no'\nd: x#no\ne: \"\n  # no\"\nf: | # 3\n  # no\n # 4\n\
                    g: [1, # 5\n 2]\n---\n# 6\nh: >-\n\n  # no\n\ni: é # 7";
        let expected: Vec<_> = ["# 1", "# 2", "# 3", "# 4", "# 5", "# 6", "# 7"]
            .map(|comment| (comment, true))
            .into();
        assert_eq!(found(text), expected);
    }

    #[test]
    fn comments_of_a_broken_document_are_likely_ones() {
        let text = "# 1\na: b\n# 2\nc: d: e # 3\n# 4\n---\n# 5\nf: g\n";
        let comments = found(text);
        let names: Vec<_> = comments.iter().map(|(comment, _)| *comment).collect();
        assert_eq!(names, ["# 1", "# 2", "# 3", "# 4", "# 5"]);
        assert!(
            comments[0].1 && !comments[2].1 && comments[4].1,
            "{comments:?}"
        );
    }

    proptest! {
        #[test]
        fn spans_lie_in_the_text(text in "[-a:? \\[\\]{},'\"#&*!|>%\n\r\t\u{1}\u{feff}é.0<]{0,60}") {
            for comment in comments(&text) {
                let written = text.get(comment.bytes.clone());
                prop_assert!(written.is_some_and(|written| written.starts_with('#')), "{comment:?}");
            }
        }
    }
}
