use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use super::{Attributes, Expression, Reader, block, entity_name, entity_of, name, of_name};

/// Texts that mean something to HCL, between others.
fn texts() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "${",
        "%{",
        "$${",
        "%%{",
        "$",
        "%",
        "{",
        "}",
        "\"",
        "\\",
        "\n",
        "\r",
        "\t",
        "\0",
        "<<EOT\n",
        "EOT\n",
        "#",
        "//",
        "/*",
        "*/",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{202e}",
        "\u{85}",
        "\u{e0041}",
        "~}",
        "\\u",
    ]);
    let part = prop_oneof![special.prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        texts().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<()>().prop_map(|()| Value::Null),
    ];
    scalar.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(texts(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn read(text: &str) -> Vec<(String, Vec<String>, Attributes)> {
    let mut reader = Reader::new(text);
    let blocks = std::iter::from_fn(|| reader.block());
    blocks
        .map(|block| (block.kind, block.labels, block.attributes))
        .collect()
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(label in texts(), members in prop::collection::vec((texts(), values()), 0..4)) {
        let attributes: Attributes = vec![
            ("text".to_owned(), Expression::text(&label)),
            ("object".to_owned(), Expression::Object(
                members.iter().map(|(key, value)| (key.clone(), Expression::json(value))).collect(),
            )),
            ("reference".to_owned(), Expression::Reference("port_blueprint.a-b.identifier".to_owned())),
        ];
        let mut text = "# A file.\n\n".to_owned();
        block(&mut text, "resource", &["port_entity", &label], &attributes);
        block(&mut text, "resource", &["after"], &Vec::new());
        let found = read(&text);
        prop_assert_eq!(found.len(), 2, "{}", text);
        prop_assert_eq!(&found[0].1, &["port_entity".to_owned(), label]);
        prop_assert_eq!(&found[0].2, &attributes, "{}", text);
        prop_assert_eq!(&found[1].1, &["after".to_owned()]);
    }

    #[test]
    fn no_text_breaks_out_of_its_quotes(text in texts()) {
        let mut made = String::new();
        let attributes = vec![("a".to_owned(), Expression::text(&text)), (text, Expression::text("b"))];
        block(&mut made, "x", &[], &vec![("o".to_owned(), Expression::Object(attributes))]);
        // A line for the block, the object and each member, and those that close them.
        prop_assert_eq!(made.lines().count(), 6, "{}", made);
        for line in made.lines() {
            let is_unsafe = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{202e}');
            prop_assert!(!line.contains(is_unsafe));
            // After what stands for itself no template begins.
            let escapes = ["\\\\", "\\\"", "$${", "%%{"];
            let plain = escapes.iter().fold(line.to_owned(), |line, escape| line.replace(escape, "_"));
            prop_assert!(!plain.contains("${") && !plain.contains("%{"), "{}", line);
            prop_assert!(plain.matches('"').count() % 2 == 0, "{}", line);
        }
    }

    #[test]
    fn every_identifier_has_a_name_of_its_own(identifier: String, blueprint: String) {
        let is_name = |name: &str| {
            name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_')
                && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-')
        };
        let named = name(&identifier);
        prop_assert!(identifier.is_empty() || is_name(&named), "{}", named);
        prop_assert_eq!(of_name(&named), Some(identifier.clone()));
        let named = entity_name(&blueprint, &identifier);
        prop_assert!(blueprint.is_empty() || is_name(&named), "{}", named);
        prop_assert_eq!(entity_of(&named), Some((blueprint, identifier)));
    }

    #[test]
    fn names_that_are_hard_to_tell_apart_are_told_apart(
        one in "[a_.-]{1,5}|[_05f]{1,8}", other in "[a_.-]{1,5}|[_05f]{1,8}", blueprint in "[a_-]{1,3}", second in "[a_-]{1,3}",
    ) {
        prop_assert_eq!(one == other, name(&one) == name(&other));
        let same = (&one, &blueprint) == (&other, &second);
        prop_assert_eq!(same, entity_name(&blueprint, &one) == entity_name(&second, &other));
    }
}

#[test]
fn many_template_marks_are_escapes_which_are_read_faster() {
    for (count, expected) in [(100, "$${"), (101, "\\u0024{")] {
        let text = "${".repeat(count);
        let mut made = String::new();
        block(
            &mut made,
            "x",
            &[],
            &vec![("a".to_owned(), Expression::text(&text))],
        );
        assert_eq!(made.matches(expected).count(), count, "{made}");
        assert_eq!(read(&made)[0].2, [("a".to_owned(), Expression::text(text))]);
    }
}

#[test]
fn names_are_readable_where_possible() {
    for (identifier, expected) in [
        ("component", "component"),
        ("_team", "_team"),
        ("ai_resource", "ai_resource"),
        ("a-b", "a-b"),
        ("a.b", "a__2eb"),
        ("9a", "__39a"),
        ("-a", "__2da"),
        ("a__b", "a__5f_b"),
        ("a_", "a__5f"),
        ("é", "__c3__a9"),
        ("team/shop", "team__2fshop"),
    ] {
        assert_eq!(name(identifier), expected);
    }
    assert_eq!(entity_name("_team", "9-lives"), "_team-9-lives");
    assert_eq!(entity_name("my-kind", "_a"), "my__2dkind-_a");
}

#[test]
fn names_of_nothing_are_not_read() {
    for text in ["a.b", "a__zz", "a__6", "a__61", "é", "a__ff"] {
        assert_eq!(of_name(text), None, "{text}");
    }
    assert_eq!(entity_of("component"), None);
}

#[test]
fn json_has_the_form_in_which_the_provider_reads_it_back() {
    for (value, is_alike, expected) in [
        (
            json!({"b": 1, "a": "<&>\u{2028}\u{1}"}),
            true,
            r#"{"a":"\u003c\u0026\u003e\u2028\u0001","b":1}"#,
        ),
        (json!(0.1), true, "0.1"),
        (json!(1e20), true, "100000000000000000000"),
        (json!(1e21), false, "1e+21"),
        (json!(-1.5e-7), false, "-1.5e-7"),
        (json!(9_007_199_254_740_993_u64), false, "9007199254740992"),
        (json!([null, true, [], {}]), true, "[null,true,[],{}]"),
    ] {
        assert_eq!(super::json::text(&value), expected);
        assert_eq!(super::json::is_encoded_alike(&value), is_alike, "{value}");
    }
}

#[test]
fn other_forms_are_not_read() {
    for text in [
        "a {\n  b = \"${c}\"\n}\n",
        "a {\n  b = 1 + 1\n}\n",
        "a {\n  b = <<EOT\nc\nEOT\n}\n",
        "a {\n  b = \"c\n}\n",
        "a {\n",
        "a {\n  b = upper(\"c\")\n}\n",
    ] {
        assert!(read(text).is_empty(), "{text}");
    }
    let deep = format!("a {{\n  b = {}\n}}\n", "[".repeat(1_000_000));
    assert!(read(&deep).is_empty());
}
