use std::collections::HashMap;
use std::fmt::Write as _;

use camino::Utf8Path;

use super::place::Place;
use super::{BASE, bundle, fault};
use crate::diagnostic::Code;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Bundles `apis/o.yaml` of a few files.
fn bundled(files: &[(&str, &str)]) -> Result<std::result::Result<String, Code>> {
    let files: HashMap<&str, &str> = files.iter().copied().collect();
    let text = files.get("apis/o.yaml").copied().ok_or("no first file")?;
    let read = |address: &str, holder: &Utf8Path| {
        let address = address.split('#').next().unwrap_or_default();
        let place = Place {
            file: format!("{BASE}{holder}"),
            pointer: String::new(),
        };
        let path = place.resolve(address)?.file.replace(BASE, "");
        let text = files
            .get(path.as_str())
            .ok_or_else(|| fault(format!("no `{path}`")))?;
        Ok((path.into(), (*text).to_owned()))
    };
    let result = bundle(Utf8Path::new("apis/o.yaml"), text, &read);
    Ok(result.map_err(|found| found.code))
}

#[test]
fn text_is_written_as_the_package_writes_it() -> Result<()> {
    let text = "openapi: 3.0.0\ninfo: {title: t, version: \"1\"}\npaths: {}\n";
    let expected = "openapi: 3.0.0\ninfo:\n  title: t\n  version: \"1\"\npaths: {}\n";
    assert_eq!(bundled(&[("apis/o.yaml", text)])?, Ok(expected.to_owned()));
    Ok(())
}

#[test]
fn the_first_place_gets_the_target() -> Result<()> {
    let files = [
        (
            "apis/o.yaml",
            "paths:\n  /a: {$ref: p/a.yaml}\nschemas: {$ref: ../s.yaml}\n",
        ),
        (
            "apis/p/a.yaml",
            "get: {$ref: \"../../s.yaml#/A\"}\nput: {$ref: \"../../s.yaml#/B\"}\n",
        ),
        ("s.yaml", "A: {type: string}\nB: {items: {$ref: \"#/A\"}}\n"),
    ];
    let expected = "paths:\n  /a:\n    get:\n      $ref: \"#/schemas/A\"\n    put:\n      $ref: \"#/schemas/B\"\nschemas:\n  A:\n    type: string\n  B:\n    items:\n      $ref: \"#/schemas/A\"\n";
    assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
    Ok(())
}

#[test]
fn cycles_become_pointers() -> Result<()> {
    let files = [
        (
            "apis/o.yaml",
            "N: {$ref: n.yaml}\nS: {$ref: \"#/S\"}\nC: {$ref: c.yaml}\n",
        ),
        (
            "apis/n.yaml",
            "next: {$ref: n.yaml}\nchild: {$ref: \"#\"}\n",
        ),
        ("apis/c.yaml", "$ref: d.yaml\n"),
        ("apis/d.yaml", "$ref: c.yaml\n"),
    ];
    let expected = "N:\n  next:\n    $ref: \"#/N\"\n  child:\n    $ref: \"#/N\"\nS:\n  $ref: \"#/S\"\nC:\n  $ref: \"#/C\"\n";
    assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
    Ok(())
}

#[test]
fn keys_beside_a_reference_are_kept() -> Result<()> {
    let files = [
        (
            "apis/o.yaml",
            "a: {$ref: a.yaml, description: own, nested: {p: 1}}\n",
        ),
        ("apis/a.yaml", "description: theirs\nnested: {q: 2}\nk: v\n"),
    ];
    let expected = "a:\n  description: own\n  nested:\n    q: 2\n    p: 1\n  k: v\n";
    assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
    Ok(())
}

#[test]
fn version_3_keeps_references_to_channels() -> Result<()> {
    let files = [
        (
            "apis/o.yaml",
            "asyncapi: 3.0.0\nchannels:\n  c: {$ref: c.yaml}\noperations:\n  o:\n    messages: [{$ref: \"#/channels/c/m\"}]\n",
        ),
        ("apis/c.yaml", "m: {payload: {type: string}}\n"),
    ];
    let expected = "asyncapi: 3.0.0\nchannels:\n  c:\n    m:\n      payload:\n        type: string\noperations:\n  o:\n    messages:\n      - $ref: \"#/channels/c/m\"\n";
    assert_eq!(bundled(&files)?, Ok(expected.to_owned()));
    Ok(())
}

#[test]
fn what_leads_nowhere_is_an_error() -> Result<()> {
    for text in [
        "a: {$ref: gone.yaml}",
        "a: {$ref: \"#/b\"}",
        "a: {$ref: \"o.yaml#b\"}",
        "a: 1\n---\nb: 2",
        "text",
        "",
    ] {
        let result = bundled(&[("apis/o.yaml", text)])?;
        assert_eq!(result, Err(Code::UnresolvedPlaceholder), "{text}");
    }
    Ok(())
}

#[test]
fn hostile_references_end() -> Result<()> {
    // Every level refers to the next one twice, with keys beside it: the copies double.
    let mut doubling = String::new();
    for level in 0..40 {
        let next = level + 1;
        writeln!(
            doubling,
            "k{level}: {{a: {{$ref: \"#/k{next}/a\", x: 1}}, b: {{$ref: \"#/k{next}/a/x\", y: 2}}}}"
        )?;
    }
    let mut chain = String::new();
    for level in 0..5_000 {
        writeln!(chain, "k{level}: {{$ref: \"#/k{}\"}}", level + 1)?;
    }
    let deep = format!(
        "a: {}1{}",
        "{b: {$ref: a.yaml, c: ".repeat(100),
        "}}".repeat(100)
    );
    for text in [doubling, chain, deep] {
        let files = [
            ("apis/o.yaml", text.as_str()),
            ("apis/a.yaml", "b: {$ref: o.yaml}"),
        ];
        let _ends = bundled(&files)?;
    }
    Ok(())
}
