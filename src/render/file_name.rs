//! Names files after identifiers, so that every identifier has a file of its own on every file system.
//!
//! In: an identifier. Out: a relative path without extension, and back. Not for paths the user chose.
//!
//! Lower-case ASCII letters, digits, `-`, `_` and `.` stand for themselves. A capital letter is `+` and the small one;
//! any other byte is `=` and two hexadecimal digits. The result has no capitals and is ASCII, so two identifiers never
//! meet on file systems that ignore case or normalise Unicode.

use camino::Utf8PathBuf;

/// The longest part of a path, in bytes. File systems stop at 255; this leaves room for extensions and for the names
/// of temporary files.
const MAX_PART: usize = 190;

/// Names Windows keeps for devices, with any extension
/// (Microsoft, "Naming Files, Paths, and Namespaces"). Those with other characters are escaped anyway.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];

/// The relative path, without extension, of the file that belongs to an identifier.
///
/// Most identifiers give one part. Where the name would be longer than file systems allow, the beginning becomes
/// folders, each with a final `=` that no other name ends in. Identifiers of nearly 1,000 letters outside ASCII give
/// paths that are longer than most systems open; writing them fails, they never share a file.
#[must_use]
pub fn path(identifier: &str) -> Utf8PathBuf {
    let mut path = Utf8PathBuf::new();
    let mut rest = identifier;
    loop {
        let (head, tail) = rest.split_at(part_end(rest));
        let mut name = encode(head);
        if tail.is_empty() {
            path.push(name);
            return path;
        }
        name.push('=');
        path.push(name);
        rest = tail;
    }
}

/// The identifier whose file this is; `None` where [`path`] gives this path for none.
#[must_use]
pub fn identifier(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let part = if parts.peek().is_some() {
            part.strip_suffix('=')?
        } else {
            part
        };
        decode(part, &mut bytes)?;
    }
    let identifier = String::from_utf8(bytes).ok()?;
    (self::path(&identifier) == path).then_some(identifier)
}

/// Where the first part of a long identifier ends: as many characters as fit, at least one.
fn part_end(identifier: &str) -> usize {
    // Room for the escape of the first and the last byte, which depend on what the part looks like.
    let mut room = MAX_PART - 6;
    for (position, char) in identifier.char_indices() {
        let cost = match char {
            'a'..='z' | '0'..='9' | '-' | '_' | '.' => 1,
            'A'..='Z' => 2,
            other => 3 * other.len_utf8(),
        };
        if cost > room {
            return position;
        }
        room -= cost;
    }
    identifier.len()
}

fn encode(part: &str) -> String {
    let stem = part.split('.').next().unwrap_or_default();
    let last = part.len().saturating_sub(1);
    let mut name = String::with_capacity(part.len() + 3);
    for (position, byte) in part.bytes().enumerate() {
        let plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => position > 0 || !is_device(stem),
            // A name that starts with a hyphen looks like an option to many tools.
            b'-' => position > 0,
            // In front it hides the file, at the end Windows drops it.
            b'.' => position > 0 && position < last,
            _ => false,
        };
        if plain {
            name.push(char::from(byte));
        } else if byte.is_ascii_uppercase() {
            name.push('+');
            name.push(char::from(byte.to_ascii_lowercase()));
        } else {
            name.push('=');
            name.extend([byte >> 4, byte & 15].map(hex));
        }
    }
    if name.is_empty() {
        // The one name that is only the mark of a part; nothing else ends in it.
        name.push('=');
    }
    name
}

fn hex(digit: u8) -> char {
    char::from(if digit < 10 {
        b'0' + digit
    } else {
        b'a' + digit - 10
    })
}

fn is_device(stem: &str) -> bool {
    DEVICES.contains(&stem)
        || stem
            .strip_prefix("com")
            .or_else(|| stem.strip_prefix("lpt"))
            .is_some_and(|port| matches!(port.as_bytes(), [b'0'..=b'9']))
}

fn decode(name: &str, bytes: &mut Vec<u8>) -> Option<()> {
    if name == "=" {
        return Some(());
    }
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => rest
                .next()
                .filter(u8::is_ascii_lowercase)?
                .to_ascii_uppercase(),
            b'=' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            plain => plain,
        });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{identifier, path};

    #[test]
    fn readable_where_possible() {
        for (id, name) in [
            ("component", "component"),
            ("a-b_c.d9", "a-b_c.d9"),
            ("API", "+a+p+i"),
            ("team/shop", "team=2fshop"),
            ("a+b=c", "a=2bb=3dc"),
            ("é", "=c3=a9"),
            ("", "="),
            ("..", "=2e=2e"),
            (".git", "=2egit"),
            ("a.", "a=2e"),
            ("-rf", "=2drf"),
            ("a\\b:c", "a=5cb=3ac"),
            ("con", "=63on"),
            ("nul.x", "=6eul.x"),
            ("com1", "=63om1"),
            ("com", "com"),
            ("CON", "+c+o+n"),
            ("conx", "conx"),
        ] {
            assert_eq!(path(id), name, "{id}");
            assert_eq!(identifier(name).as_deref(), Some(id));
        }
    }

    #[test]
    fn names_of_nothing_are_not_decoded() {
        for name in [
            "API", "=4", "+", "+1", "=61", "a/b", "con", "=ff", "../a", "a=",
        ] {
            assert_eq!(identifier(name), None, "{name}");
        }
    }

    #[test]
    fn long_identifiers_become_folders() {
        for long in ["a".repeat(1000), "Ä".repeat(400), "con.".repeat(100)] {
            let path = path(&long);
            assert!(path.components().count() > 1);
            assert!(path.components().all(|part| part.as_str().len() <= 200));
            assert_eq!(identifier(path.as_str()), Some(long));
        }
    }

    fn is_safe(part: &str) -> bool {
        let stem = part.split('.').next().unwrap_or_default();
        !part.is_empty()
            && part.len() <= 200
            && !part.starts_with(['.', '-'])
            && !part.ends_with(['.', ' '])
            && !part.contains(|char: char| {
                char.is_ascii_uppercase()
                    || !char.is_ascii_graphic()
                    || r#"<>:"/\|?*"#.contains(char)
            })
            && !["con", "nul", "aux", "prn", "com1", "lpt9"].contains(&stem)
    }

    proptest! {
        #[test]
        fn every_identifier_has_its_own_safe_path(id in any::<String>()) {
            let path = path(&id);
            prop_assert!(path.is_relative());
            prop_assert!(path.as_str().split('/').all(is_safe), "{path}");
            prop_assert_eq!(identifier(path.as_str()), Some(id));
        }

        #[test]
        fn no_two_share_a_path_when_case_is_ignored(
            ids in prop::collection::hash_set("[aAbB.+=/-]{0,6}|con|CON|Con|(ab){80,120}", 2)
        ) {
            let ids: Vec<_> = ids.into_iter().collect();
            prop_assert!(
                path(&ids[0]).as_str().to_lowercase() != path(&ids[1]).as_str().to_lowercase(),
                "{ids:?}"
            );
        }
    }
}
