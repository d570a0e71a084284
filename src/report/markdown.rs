//! Markdown for comments and pull requests: text of descriptors that stays text, and pages of a limited length.
//!
//! In: texts nobody vouches for, and the sections of a page. Out: Markdown as GitHub, GitLab and Azure DevOps read it.
//! What a page says is not decided here.

use super::changes::shortened;
use super::printable;

/// How much of a text from descriptors is shown.
pub(super) const WIDTH: usize = 80;

/// A text as a code span, where no host looks for markup, mentions, links or references. What could end the line or turn
/// the direction of writing is replaced, and what is long is cut.
pub(super) fn code(text: &str) -> String {
    code_within(text, WIDTH)
}

/// A text as a code span of at most so many characters.
pub(super) fn code_within(text: &str, width: usize) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let text = printable(text);
    let text = shortened(&text, width);
    let longest = text.split(|char| char != '`').map(str::len).max();
    let fence = "`".repeat(longest.unwrap_or(0) + 1);
    // A blank on both sides is not part of the span; without it, backticks and blanks at the ends would be lost.
    let is_open = |char| matches!(char, '`' | ' ');
    let pad = if text.starts_with(is_open) || text.ends_with(is_open) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A length that is no less than what any host counts: UTF-16 units, as .NET and JavaScript count.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// A part of a page that is cut between its items and nowhere else.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) opening: String,
    pub(super) groups: Vec<Group>,
    pub(super) closing: String,
    /// What the items are, in the plural: `and 3 more entities`. Without it the section stands as a whole or not at all.
    pub(super) noun: Option<&'static str>,
}

/// Items with something in common.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What comes before the first item.
    pub(super) opening: String,
    pub(super) items: Vec<String>,
    /// What comes between two items.
    pub(super) between: &'static str,
    pub(super) closing: &'static str,
}

impl Group {
    /// All items with what is around them.
    fn whole(&self) -> String {
        let items = self.items.join(self.between);
        [&self.opening, &items, self.closing].concat()
    }
}

impl Section {
    fn whole(&self) -> String {
        let groups = self.groups.iter().map(Group::whole);
        let groups: String = groups.collect();
        [&*self.opening, &groups, &self.closing].concat()
    }

    fn items(&self) -> usize {
        self.groups.iter().map(|group| group.items.len()).sum()
    }

    fn remark(&self, missing: usize) -> String {
        let noun = self.noun.unwrap_or_default();
        format!("- and {missing} more {noun}\n")
    }

    /// The section without any item; empty if it stands as a whole or not at all.
    fn least(&self) -> String {
        if self.noun.is_none() {
            return String::new();
        }
        [&*self.opening, &self.remark(self.items()), &self.closing].concat()
    }

    /// As many of the items as there is room for.
    fn within(&self, room: usize) -> String {
        let whole = self.whole();
        if length(&whole) <= room {
            return whole;
        }
        let least = self.least();
        let Some(mut room) = room.checked_sub(length(&least)) else {
            return String::new();
        };
        if least.is_empty() {
            return least;
        }
        let mut text = self.opening.clone();
        let mut missing = self.items();
        'items: for group in &self.groups {
            for (position, item) in group.items.iter().enumerate() {
                // Once a group is open there is room for its end.
                let (before, end) = match position {
                    0 => (&*group.opening, length(group.closing)),
                    _ => (group.between, 0),
                };
                let needed = length(before) + length(item) + end;
                if needed > room {
                    text.push_str(if position == 0 { "" } else { group.closing });
                    break 'items;
                }
                room -= needed;
                text.push_str(before);
                text.push_str(item);
                missing -= 1;
            }
            text.push_str(group.closing);
        }
        text + &self.remark(missing) + &self.closing
    }
}

/// A page of at most `limit` UTF-16 units: the head, what fits of each section, the foot. The first sections get the
/// most room, but never more than half of what is left when others need it.
pub(super) fn page(head: &str, sections: &[Section], foot: &str, limit: usize) -> String {
    let Some(mut room) = limit.checked_sub(length(head) + length(foot)) else {
        return plain_start(head, limit);
    };
    let sizes = sections.iter().map(|section| {
        let whole = length(&section.whole());
        (whole, length(&section.least()).min(whole))
    });
    let sizes: Vec<(usize, usize)> = sizes.collect();
    let mut text = head.to_owned();
    for (position, section) in sections.iter().enumerate() {
        let following = &sizes[position + 1..];
        let whole: usize = following.iter().map(|(whole, _)| whole).sum();
        let least: usize = following.iter().map(|(_, least)| least).sum();
        let fair = room.saturating_sub(whole).max(room / 2);
        let fair = fair.min(room.saturating_sub(least));
        // What comes first is told before what follows, even where that leaves no room.
        let section = section.within(fair.max(sizes[position].1).min(room));
        room -= length(&section);
        text.push_str(&section);
    }
    text + foot
}

/// The beginning of a text without markup.
fn plain_start(text: &str, limit: usize) -> String {
    let mut room = limit;
    let fits = |char: &char| {
        let left = room.checked_sub(char.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    text.chars().take_while(fits).collect()
}
