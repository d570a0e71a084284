//! Whether a key is a slip of the pen for one that is known.
//!
//! In: a key as written and those that are known. Out: the one that is probably meant. Asked for every unknown key of
//! every entity, so it allocates nothing for keys that are far apart.

/// How far apart two keys are that may be one and the same; nearer ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Distance {
    /// The same letters: only case and separators differ.
    Style,
    /// One letter too many, too few, wrong, or two of them swapped.
    OneSlip,
    /// Two of these.
    TwoSlips,
}

/// The shortest key in which one slip is told from another word.
const ONE_SLIP_FROM: usize = 3;
/// The shortest key in which two slips are.
const TWO_SLIPS_FROM: usize = 9;

/// How far a key is from a known one, if it may be meant for it. Equal keys are no slip.
pub(crate) fn distance(written: &str, known: &str) -> Option<Distance> {
    if written == known || written.len().abs_diff(known.len()) > written.len().min(known.len()) {
        return None;
    }
    if letters(written).eq(letters(known)) {
        return Some(Distance::Style);
    }
    if known.len() < ONE_SLIP_FROM {
        return None;
    }
    if is_one_slip(written, known) {
        return Some(Distance::OneSlip);
    }
    // A second slip rarely meets the first letter, and few keys that are not meant share it.
    let first = |text: &str| text.chars().next().map(|char| char.to_ascii_lowercase());
    let may_be_two = known.len() >= TWO_SLIPS_FROM
        && written.len().abs_diff(known.len()) <= 2
        && first(written) == first(known);
    let folded = |text: &str| letters(text).collect::<String>();
    (may_be_two && strsim::osa_distance(&folded(written), &folded(known)) <= 2)
        .then_some(Distance::TwoSlips)
}

/// The known key that is probably meant.
pub(crate) fn meant<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .filter_map(|known| Some((distance(written, known)?, known)))
        .min()
        .map(|(_, known)| known)
}

/// The key among those written that is probably meant for a known one.
pub(crate) fn slip<'a>(known: &str, written: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    written
        .filter_map(|written| Some((distance(written, known)?, written)))
        .min()
        .map(|(_, written)| written)
}

/// The letters and digits of a key, whatever their case.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .filter(|char| !matches!(char, '-' | '_' | '.' | ' '))
        .map(|char| char.to_ascii_lowercase())
}

/// Whether one insertion, deletion, replacement or swap makes one text of the other.
fn is_one_slip(a: &str, b: &str) -> bool {
    let is_same = |(a, b): (&u8, &u8)| a.eq_ignore_ascii_case(b);
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let before = a.iter().zip(b).take_while(|pair| is_same(*pair)).count();
    let (a, b) = (&a[before..], &b[before..]);
    let after = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take_while(|pair| is_same(*pair))
        .count();
    match (&a[..a.len() - after], &b[..b.len() - after]) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => is_same((a, d)) && is_same((b, c)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_words() {
        for (written, known, expected) in [
            ("subComponentOf", "subcomponentOf", Some(Distance::Style)),
            ("provides_apis", "providesApis", Some(Distance::Style)),
            ("depends-on", "dependsOn", Some(Distance::Style)),
            ("lifecyle", "lifecycle", Some(Distance::OneSlip)),
            ("lifecycel", "lifecycle", Some(Distance::OneSlip)),
            ("tag", "tags", Some(Distance::OneSlip)),
            ("consumesApi", "consumesApis", Some(Distance::OneSlip)),
            ("desciptoin", "description", Some(Distance::TwoSlips)),
            ("lifecycle", "lifecycle", None),
            ("task", "tags", None),
            ("level", "labels", None),
            ("definition", "description", None),
            ("apiConsumedBy", "consumesApis", None),
            ("io", "id", None),
            ("", "tags", None),
            ("träge", "tags", None),
        ] {
            assert_eq!(distance(written, known), expected, "{written} {known}");
        }
    }

    #[test]
    fn the_nearest_is_meant() {
        let known = ["providesApis", "consumesApis", "owner"];
        assert_eq!(
            meant("providedApis", known.into_iter()),
            Some("providesApis")
        );
        assert_eq!(meant("custom", known.into_iter()), None);
        assert_eq!(
            slip("owner", ["Owner", "owners"].into_iter()),
            Some("Owner")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_texts_are_compared(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            let _ = distance(&a, &b);
        }

        #[test]
        fn one_slip_is_as_the_edit_distance_says(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            proptest::prop_assert_eq!(is_one_slip(&a, &b), strsim::osa_distance(&a, &b) <= 1);
        }
    }
}
