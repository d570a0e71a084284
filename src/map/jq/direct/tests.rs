//! Direct evaluation beside jq: built-in expressions, written ones and made ones, on tidy and on odd entities.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::{Input, Library, Program};
use super::MAX_STACK;
use crate::map::document;
use crate::map::mapping::{Expressions, resources};
use crate::map::profile::{BUILT_IN, BuiltIn};

type Tested = Result<(), String>;

fn programs(functions: &str, texts: &[&str]) -> Result<Vec<Program>, String> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let library = Library::new(functions)?;
    library.compile_all(&texts).map_err(|(_, message)| message)
}

/// Whether an expression gives what jq gives; `None` where jq has to say.
fn agrees(program: &Program, input: &Input) -> Option<bool> {
    let direct = program.first_directly(input)?;
    Some(direct == program.first_by_jq(input))
}

fn expressions(built_in: &BuiltIn) -> Result<Vec<String>, String> {
    let mut expressions = Expressions::default();
    resources(document::value(built_in.mapping)?, &mut expressions)?;
    Ok(expressions.texts)
}

/// An entity as expressions see it, of a kind, with five relations.
fn entity(kind: &str) -> Value {
    let relation = |relation: &str, kind: &str, name: &str| {
        json!({
            "type": relation,
            "targetRef": format!("{kind}:default/{name}"),
            "target": {"kind": kind, "namespace": "default", "name": name},
            "resolved": true,
            "converted": true,
        })
    };
    json!({
        "apiVersion": "backstage.io/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": "shop",
            "namespace": "default",
            "title": "Shop",
            "description": "Sells",
            "labels": {"tier": "1"},
            "annotations": {
                "backstage.io/source-location": "url:https://github.com/acme/shop",
                "sonarqube.org/project-key": "shop",
                "sentry.io/project-slug": "shop",
            },
            "tags": ["java"],
            "links": [{"url": "https://shop.acme.com", "title": "Shop", "icon": "web"}],
            "identifier": "component:default/shop",
        },
        "spec": {
            "type": if kind == "API" { "openapi" } else { "service" },
            "lifecycle": "production",
            "owner": "shop",
            "definition": "openapi: 3.0.0",
            "profile": {"displayName": "Shop", "email": "shop@acme.com"},
            "parameters": [{"title": "Name"}],
            "custom": {"kept": [1, 2]},
        },
        "relations": [
            relation("dependsOn", "component", "stock"),
            relation("dependsOn", "resource", "db"),
            relation("hasPart", "component", "cart"),
            relation("ownedBy", "group", "shop"),
            relation("partOf", "system", "store"),
        ],
        "source": {"path": "catalog-info.yaml", "line": 1},
    })
}

#[test]
fn built_in_expressions_need_no_jq() -> Tested {
    for built_in in BUILT_IN {
        let library = Library::new(built_in.functions)?;
        let texts = expressions(built_in)?;
        let direct = library.direct(&texts);
        let others = texts
            .iter()
            .zip(&direct)
            .filter(|(_, direct)| direct.is_none());
        let others: Vec<&String> = others.map(|(text, _)| text).collect();
        assert!(others.is_empty(), "{}: {others:?}", built_in.name);
    }
    Ok(())
}

#[test]
fn entities_of_every_kind_need_no_jq() -> Tested {
    for built_in in BUILT_IN {
        let texts = expressions(built_in)?;
        let library = Library::new(built_in.functions)?;
        let programs = library
            .compile_all(&texts)
            .map_err(|(_, message)| message)?;
        let kinds = [
            "Component",
            "API",
            "Resource",
            "System",
            "Domain",
            "Group",
            "User",
            "Template",
            "AiResource",
        ];
        for kind in kinds {
            let input = Input::new(entity(kind));
            for (program, text) in programs.iter().zip(&texts) {
                let direct = program.first_directly(&input);
                assert_eq!(direct, Some(program.first_by_jq(&input)), "{kind}: {text}");
            }
        }
    }
    Ok(())
}

/// Expressions that people write in mappings of their own.
const WRITTEN: &[&str] = &[
    ".a",
    ".a.b // .c",
    ".a[0]",
    ".a[-1].b",
    ".a[1:]",
    ".s[:2]",
    ".a[]?",
    "[.a[]? | .b?]",
    ".s | length",
    "[.[]?] | length",
    "\"\\(.s)-\\(.n)\"",
    "{a: .s, \"b\": .n, (.s | tostring): 1}",
    "{s, n}",
    "if .n == null then \"none\" elif .n > 1 then \"many\" else \"one\" end",
    "if .n then 1 end",
    ".a | map(select(. != null))",
    "[.a[]?] | map(tostring) | join(\", \")",
    "first(.a[]?)",
    "[limit(2; .a[]?)]",
    "any(.a[]?; . == 1)",
    "[.a[]?] | all",
    ".s | IN(\"a\", \"b\")",
    ".n | IN(1, 2, null)",
    ".o | has(\"a\")",
    ".s | contains(\"a\")",
    ".a | contains([1])",
    ".o | keys",
    ".o | to_entries",
    ".o | with_entries(select(.value != null))",
    ".o | to_entries | map({key: .key, value: .value}) | from_entries",
    "[.o | to_entries[]? | \"\\(.key)=\\(.value)\"]",
    ".n | tostring",
    ".o | tojson",
    ".s | tonumber",
    ".s | split(\"/\") | last",
    ".s | split(\"\")",
    ".s | startswith(\"a\")",
    ".s | endswith(\"a\")",
    ".s | ltrimstr(\"a\") | rtrimstr(\"b\") | trim",
    ".s | trimstr(\"a\")",
    ".s | ascii_downcase | ascii_upcase",
    ".s | test(\"^a\")",
    ".s | test(\"B$\"; \"i\")",
    ".s | sub(\"a\"; \"x\")",
    ".s | gsub(\"[^a-z]\"; \"\")",
    ".s | gsub(\"(?<x>[a-z])\"; \"<\\(.x)>\")",
    ".s | capture(\"(?<first>.)(?<rest>.*)\")",
    ".a | sort",
    ".a | unique",
    ".a | sort_by(.b?)",
    ".a | group_by(type)",
    ".a | unique_by(type)",
    ".a | min",
    ".a | max_by(tostring)",
    ".a | reverse",
    ".a | add",
    "del(.a, .o.a)",
    "del(.a[0, 1])",
    "del(.[]?)",
    "del(.o | select(.a == 1) | .b)",
    ".o.x.y = 1",
    ".a[2] = .s",
    ".o.a |= tostring",
    ".a[]? |= (. // \"none\")",
    ".o[]? |= empty",
    ".n += 1",
    ".o.a //= \"x\"",
    ".o |= map_values(select(. != 1))",
    "reduce .a[]? as $item (0; . + 1)",
    "reduce .a[]? as $item ({}; .[$item | tostring] = $item)",
    "[foreach .a[]? as $item (0; . + 1; [$item, .])]",
    ". as {s: $s, a: [$first, $second]} | [$s, $first, $second]",
    ".a as [$first] | $first",
    ".s as $x | [.a[]? | . == $x]",
    "[paths]",
    "[..]",
    "[.. | strings]",
    "[.. | numbers] | add",
    "[path(.a[]?)]",
    "path(first(.a, .o))",
    "try error(\"x\") catch .",
    "try (.s | error) catch \"caught\"",
    "(.a, .s)?",
    ".a.b?",
    "error(\"own\")",
    "label $out | 1, break $out, 2",
    "[range(3)]",
    "[range(0; 10; 3)]",
    "1 + 2 * 3 - 4 / 2",
    "-.n",
    ".n - 1",
    ".a - [1]",
    ".o + {z: 1}",
    "null + .s",
    ".s + .s",
    ".a == .o",
    ".a < .o",
    ".n <= 1.5",
    "[.a[]?, .s] | index(1)",
    ".a | flatten",
    ".o | values",
    ".a | arrays",
    ".s | strings",
    "not",
    ".a and .s",
    ".n or .s",
    "(.n, .s) // \"x\"",
    "(.n | select(. == 1)) // 2",
    "[.a[]? | if type == \"array\" then .[] else . end | values | tostring]",
    "[.s // empty]",
    "def f(g): g | g; .a | f(.b?)",
    "def f($x; $y): $x + $y; f(1, 2; 3)",
    ". as $in | [\"a\", \"o\"] | map($in[.])",
    "1.10",
    "[1.0, 100000000000000000000, -0]",
    "\"a\\u00e9\\n\"",
    ".[\"a\"]",
    ".\"s\"",
    "..",
    "empty",
    "null",
    "$x",
    "nonsense",
];

fn written() -> Vec<&'static str> {
    let wrong = ["$x", "nonsense"];
    let texts = WRITTEN.iter().copied();
    texts.filter(|text| !wrong.contains(text)).collect()
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        Just(json!(2.5)),
        Just(json!(3.0)),
        Just(json!(u64::MAX)),
        "[abBC/ é]{0,4}".prop_map(Value::from),
        "[0-9]{1,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[abxy]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A value with the fields that the written expressions read, some of which are of the usual kind.
fn inputs() -> impl Strategy<Value = Value> {
    let any_of = |usual: BoxedStrategy<Value>| prop_oneof![3 => usual, 1 => values().boxed()];
    let text = "[abB/]{0,4}".prop_map(Value::from).boxed();
    let list = prop::collection::vec(values(), 0..4)
        .prop_map(Value::from)
        .boxed();
    let map = prop::collection::hash_map("[abxy]", values(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
        .boxed();
    let number = (-3..4_i64).prop_map(Value::from).boxed();
    (
        any_of(text),
        any_of(list),
        any_of(map),
        any_of(number),
        any::<u8>(),
    )
        .prop_map(|(text, list, map, number, missing)| {
            let fields = [("s", text), ("a", list), ("o", map), ("n", number)];
            let mut object = Map::new();
            for (at, (name, value)) in fields.into_iter().enumerate() {
                if missing >> at & 1 == 0 || missing > 128 {
                    object.insert(name.to_owned(), value);
                }
            }
            Value::Object(object)
        })
}

/// Entities in which some values are not what they should be.
fn entities() -> impl Strategy<Value = Value> {
    let places = [
        "/metadata",
        "/metadata/links",
        "/metadata/links/0",
        "/metadata/links/0/title",
        "/metadata/namespace",
        "/metadata/title",
        "/metadata/annotations",
        "/metadata/annotations/sentry.io~1project-slug",
        "/metadata/annotations/backstage.io~1source-location",
        "/spec",
        "/spec/type",
        "/spec/profile",
        "/spec/profile/email",
        "/spec/parameters",
        "/relations",
        "/relations/0",
        "/relations/1/target",
        "/relations/2/target/kind",
        "/relations/3/type",
        "/relations/3/resolved",
        "/relations/4/target/namespace",
        "/kind",
        "/apiVersion",
    ];
    let kinds = [
        "Component",
        "API",
        "Resource",
        "System",
        "Domain",
        "Group",
        "User",
        "Template",
        "AiResource",
        "x",
    ];
    let changes = prop::collection::vec((prop::sample::select(places.to_vec()), values()), 0..4);
    (prop::sample::select(kinds.to_vec()), changes).prop_map(|(kind, changes)| {
        let mut value = entity(kind);
        for (place, new) in changes {
            if let Some(old) = value.pointer_mut(place) {
                *old = new;
            }
        }
        value
    })
}

/// Expressions made of small ones.
fn made() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        ".", ".a", ".s", ".o", ".n", ".a[0]", ".a[]?", ".o.a", ".[]?", "1", "\"a\"", "null",
        "false", "empty", "[]", "{}", "length", "keys", "type", "not", "tostring", "error", ".a[]",
        "[.a, .s]", "{a: .a}", "..",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(4, 12, 3, |inner| {
        let two = [
            "(L) | (R)",
            "(L), (R)",
            "(L) // (R)",
            "(L) + (R)",
            "(L) - (R)",
            "(L) == (R)",
            "(L) < (R)",
            "(L) and (R)",
            "(L) or (R)",
            "if L then R else . end",
            "[L] | map(R)",
            "{a: (L), b: (R)}",
            "\"\\(L)x\\(R)\"",
            "(L) as $x | ($x, (R))",
            "try (L) catch (R)",
            "(L)? // (R)",
            "first(L), (R)",
            "[limit(1; L, R)]",
            "reduce (L) as $x (R; [., $x])",
            "any(L; R)",
            "all(L; R)",
            "[L, R] | unique",
            "[L, R] | sort_by(type)",
            "(L) | select(R)",
            "[L] | contains([R])",
            "[.a[]? | select(L == R)]",
            "def f(g): [g, R]; f(L)",
            "def f($x): $x, R; f(L)",
            "label $l | (L), break $l, (R)",
            "[L] | group_by(R)",
            "[(L), (R)] | add",
        ];
        let one = [
            "[L]",
            "(L)?",
            "-(L)",
            "first(L)",
            "isempty(L)",
            "[path(L)]",
            "del(L)",
            "(L) |= 1",
            "(L) = 2",
            "(L) |= empty",
            "(L) += 1",
            "(L) //= 3",
            "[L] | add",
            "with_entries(select(L))",
            "map(L)",
            "map_values(L)",
            "[L] | join(\"-\")",
            "[.[]? | L]",
            "[L | strings]",
            ". as [$p] | L",
            ". as {a: $p} | [$p, (L)]",
        ];
        let made = |(form, left, right): (&str, String, String)| {
            form.replace('L', &left)
                .replace("(R)", &format!("({right})"))
                .replace('R', &right)
        };
        prop_oneof![
            (
                prop::sample::select(two.to_vec()),
                inner.clone(),
                inner.clone()
            )
                .prop_map(made),
            (prop::sample::select(one.to_vec()), inner.clone(), inner).prop_map(made),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_people_write_gives_what_jq_gives(inputs in prop::collection::vec(inputs(), 12)) {
        let texts = written();
        let programs = programs("", &texts).map_err(TestCaseError::fail)?;
        for input in inputs {
            let input = Input::new(input);
            for (program, text) in programs.iter().zip(&texts) {
                let direct = program.first_directly(&input);
                if direct.is_some() {
                    prop_assert_eq!(direct, Some(program.first_by_jq(&input)), "{} for {}", text, input.value());
                }
            }
        }
    }

    #[test]
    fn made_expressions_give_what_jq_gives(
        texts in prop::collection::vec(made(), 30),
        inputs in prop::collection::vec(inputs(), 4),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let programs = programs("", &texts).map_err(TestCaseError::fail)?;
        for input in inputs {
            let input = Input::new(input);
            for (program, text) in programs.iter().zip(&texts) {
                let direct = program.first_directly(&input);
                if direct.is_some() {
                    prop_assert_eq!(direct, Some(program.first_by_jq(&input)), "{} for {}", text, input.value());
                }
            }
        }
    }

    #[test]
    fn built_in_expressions_give_what_jq_gives(
        built_in in prop::sample::select(BUILT_IN.iter().collect::<Vec<_>>()),
        entities in prop::collection::vec(entities(), 4),
    ) {
        let texts = expressions(built_in).map_err(TestCaseError::fail)?;
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let programs = programs(built_in.functions, &texts).map_err(TestCaseError::fail)?;
        for entity in entities {
            let input = Input::new(entity);
            for (program, text) in programs.iter().zip(&texts) {
                let direct = program.first_directly(&input);
                if direct.is_some() {
                    prop_assert_eq!(direct, Some(program.first_by_jq(&input)), "{} for {}", text, input.value());
                }
            }
        }
    }
}

#[test]
fn most_of_what_people_write_needs_no_jq() -> Tested {
    let texts = written();
    let programs = programs("", &texts)?;
    let direct = programs
        .iter()
        .zip(&texts)
        .filter(|(program, _)| program.direct.is_none());
    let others: Vec<&str> = direct.map(|(_, text)| *text).collect();
    assert_eq!(
        others,
        ["[paths]", "[.a[]?, .s] | index(1)", ".a | flatten"]
    );
    Ok(())
}

#[test]
fn names_mean_what_they_mean_to_jq() -> Tested {
    let functions = "def select(f): f | \"own\"; def length: 7; def f: 1; def g: f; def f: 2; def f(x): x; \
        def map(f): [f]; def keys: def keys: 3; keys; def h: def map(f): f | 4; map(.);";
    let texts = [
        "select(true)",
        "length",
        "g",
        "f",
        "f(3)",
        "map(5)",
        "keys",
        "h",
        "def f: 9; f, g",
        "with_entries(.)",
        "def length: 8; length",
        "[true] | values | length",
        "f as $f | f($f)",
        "def f(f): f; f(f(6))",
    ];
    let programs = programs(functions, &texts)?;
    let input = Input::new(json!({"a": 1}));
    for (program, text) in programs.iter().zip(texts) {
        assert_eq!(agrees(program, &input), Some(true), "{text}");
    }
    Ok(())
}

#[test]
fn faults_are_told_where_nothing_uses_them() -> Tested {
    let library = Library::new("def f(g): 1;")?;
    for text in ["f(nonsense)", "def g: nonsense; 1", "f($x)", "nonsense"] {
        assert!(library.compile(text).is_err(), "{text}");
    }
    Ok(())
}

#[test]
fn what_takes_many_steps_is_left_to_jq() -> Tested {
    let texts = [
        "[range(1000000)] | length",
        "def loop: loop; loop",
        "reduce range(300) as $i (0; [.])",
        "reduce range(64) as $i (\"ab\"; . + .) | length",
        "reduce range(40) as $i ([1]; [., .]) | tojson",
        "(reduce range(40) as $i ([1]; [., .])) as $x | $x == (reduce range(40) as $i ([1]; [., .]))",
    ];
    let library = Library::new("")?;
    let input = Input::new(json!({}));
    for text in texts {
        assert_eq!(
            library.compile(text)?.first_directly(&input),
            None,
            "{text}"
        );
    }
    Ok(())
}

#[test]
fn what_is_nested_fits_the_stack() -> Tested {
    let library = Library::new("")?;
    let input = Input::new(json!({}));
    let mut most = 0;
    for built_in in BUILT_IN {
        let library = Library::new(built_in.functions)?;
        let direct = library.direct(&expressions(built_in)?);
        let stacks = direct.iter().flatten().map(|direct| direct.term.stack());
        most = most.max(stacks.max().unwrap_or(0));
    }
    assert!(most <= MAX_STACK, "{most}");
    for (form, text) in [
        ("first(.) | ", "."),
        ("(.a // 1) as $x | ", "."),
        ("1 + ", "1"),
        ("try ", "."),
        (". |= ", "."),
    ] {
        let mut deepest = 0;
        for count in [10, 40, 80, 120, 160, 240] {
            // Not by jq: whatever it compiles in a user's profile has a larger stack.
            let direct = library.direct(&[format!("{}{text}", form.repeat(count))]);
            let mut outputs = direct.iter().flatten();
            if outputs.any(|direct| direct.first(&input.seen()).is_some()) {
                deepest = count;
            }
        }
        assert!((10..240).contains(&deepest), "{form}: {deepest}");
    }
    Ok(())
}

#[test]
fn large_inputs_may_take_more_steps() -> Tested {
    let relation = |at: usize| {
        let mut relation = entity("Component")["relations"][0].clone();
        relation["target"]["name"] = format!("n{at}").into();
        relation
    };
    let mut value = entity("Component");
    value["relations"] = (0..20_000).map(relation).collect();
    let input = Input::new(value);
    let texts = expressions(&BUILT_IN[0])?;
    let library = Library::new(BUILT_IN[0].functions)?;
    let programs = library
        .compile_all(&texts)
        .map_err(|(_, message)| message)?;
    for (program, text) in programs.iter().zip(&texts) {
        assert!(program.first_directly(&input).is_some(), "{text}");
    }
    Ok(())
}

#[test]
fn what_follows_the_first_output_never_happens() -> Tested {
    let texts = [
        "1, error(\"later\")",
        "first(.a[]), error",
        ".a[] | (., error)",
        "limit(1; 1, error)",
        "any(1, error; .)",
    ];
    let input = Input::new(json!({"a": [1, 2]}));
    for (program, text) in programs("", &texts)?.iter().zip(texts) {
        assert_eq!(agrees(program, &input), Some(true), "{text}");
        assert!(
            program
                .first_directly(&input)
                .is_some_and(|output| output.is_ok()),
            "{text}"
        );
    }
    Ok(())
}
