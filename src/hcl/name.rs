//! Names of resources, made of identifiers alone: no two identifiers share a name, and none changes because others come
//! or go.
//!
//! In: an identifier. Out: a name that HCL takes, and back.
//!
//! ASCII letters, digits, `-` and `_` stand for themselves; any other byte is `__` and two hexadecimal digits. So are a
//! digit or `-` at the beginning, where no name may have them, and an `_` that stands before `_`, before such a byte or at
//! the end: two underscores always begin an escape.

/// The name of a resource that belongs to an identifier.
pub(crate) fn name(identifier: &str) -> String {
    encode(identifier, |_| true)
}

/// The identifier that has this name; `None` where none has.
pub(crate) fn of_name(name: &str) -> Option<String> {
    let identifier = decode(name)?;
    (self::name(&identifier) == name).then_some(identifier)
}

/// The name of the resource that belongs to an entity: those of the blueprint, in which `-` is an escape, and of the
/// identifier, with `-` between them.
pub(crate) fn entity_name(blueprint: &str, identifier: &str) -> String {
    let blueprint = encode(blueprint, |byte| byte != b'-');
    // What comes after the `-` is not at the beginning.
    let identifier = encode(&format!("x{identifier}"), |_| true);
    format!("{blueprint}-{}", &identifier[1..])
}

/// The blueprint and the identifier of the entity that has this name; `None` where none has.
pub(crate) fn entity_of(name: &str) -> Option<(String, String)> {
    let (blueprint, identifier) = name.split_once('-')?;
    let (blueprint, identifier) = (decode(blueprint)?, decode(identifier)?);
    (entity_name(&blueprint, &identifier) == name).then_some((blueprint, identifier))
}

fn encode(identifier: &str, takes: impl Fn(u8) -> bool) -> String {
    let bytes = identifier.as_bytes();
    let is_plain = |byte: u8, position: usize| match byte {
        b'a'..=b'z' | b'A'..=b'Z' => takes(byte),
        b'0'..=b'9' | b'-' => position > 0 && takes(byte),
        _ => false,
    };
    let mut name = String::with_capacity(bytes.len());
    for (position, byte) in bytes.iter().copied().enumerate() {
        let stands = match byte {
            b'_' => bytes
                .get(position + 1)
                .is_some_and(|next| is_plain(*next, position + 1)),
            other => is_plain(other, position),
        };
        if stands {
            name.push(char::from(byte));
        } else {
            name.push_str("__");
            name.extend([byte >> 4, byte & 15].map(|digit| {
                char::from(if digit < 10 {
                    b'0' + digit
                } else {
                    b'a' + digit - 10
                })
            }));
        }
    }
    name
}

fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if let (b'_', [b'_', high, low, tail @ ..]) = (*first, rest) {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            bytes.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}
