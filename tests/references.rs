//! What is said about references, from descriptors to findings.

mod support;

use std::fs;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::Code;
use backstage2port::source::{Excerpt, Root};
use backstage2port::{Dumps, Inputs};
use camino::Utf8Path;
use serde_json::json;
use support::Result;

/// Codes that are about something else.
const OTHERS: &[Code] = &[Code::CustomKind];

/// A finding: its code, the text at its place, its message, its help, and how many places belong to it.
type Found = (Code, String, String, String, usize);

/// What is found in a descriptor, and with a dump beside it.
fn found(descriptors: &str, dump: Option<&str>) -> Result<Vec<Found>> {
    let folder = tempfile::tempdir()?;
    let folder = Utf8Path::from_path(folder.path()).ok_or("no UTF-8 path")?;
    let root = folder.join("root");
    fs::create_dir(&root)?;
    fs::write(root.join("catalog-info.yaml"), descriptors)?;
    let path = folder.join("dump.json");
    fs::write(&path, dump.unwrap_or_default())?;
    let reading = backstage2port::catalog(Inputs {
        roots: vec![Root {
            path: root,
            repository: None,
        }],
        patterns: Patterns::new(&[], &[])?,
        revision: None,
        mode: Mode::Tolerant,
        dumps: Dumps {
            paths: dump.map(|_| path).into_iter().collect(),
            are_converted: false,
        },
        codeowners: backstage2port::codeowners::Rules::default(),
        progress: std::sync::Arc::default(),
    })?;
    let mut all = Vec::new();
    for one in reading.diagnostics.iter() {
        if OTHERS.contains(&one.code) {
            continue;
        }
        let text = match &one.location {
            None => String::new(),
            Some(location) => {
                let excerpt = Excerpt::of(&reading.sources, location.file)?;
                let span = excerpt.span(&location.place).ok_or("no span")?;
                excerpt.text()[span].to_owned()
            }
        };
        let help = one.help.as_deref().unwrap_or_default();
        all.push((
            one.code,
            text,
            one.message.to_string(),
            help.to_owned(),
            one.related.len(),
        ));
    }
    Ok(all)
}

/// Documents of these kinds, names and specs.
fn documents(entities: &[(&str, &str, &str)]) -> String {
    let documents = entities.iter().map(|(kind, name, spec)| {
        let spec = spec.replace("; ", "\n  ");
        let base = match *kind {
            "Component" | "API" => "type: service\n  lifecycle: production\n  ",
            "Resource" | "Group" => "type: x\n  ",
            _ => "",
        };
        let more = if *kind == "API" { "\n  definition: x" } else { "" };
        format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  {base}{spec}{more}\n"
        )
    });
    documents.collect()
}

/// Code and place of each finding.
fn places(entities: &[(&str, &str, &str)]) -> Result<Vec<(Code, String)>> {
    let found = found(&documents(entities), None)?;
    Ok(found
        .into_iter()
        .map(|(code, text, ..)| (code, text))
        .collect())
}

const TEAM: (&str, &str, &str) = ("Group", "team", "children: []");

#[test]
fn references_to_nothing_are_told_at_their_item() -> Result<()> {
    let descriptors = documents(&[
        TEAM,
        ("System", "billing", "owner: team"),
        ("Resource", "cache", "owner: team"),
        (
            "Component",
            "web",
            "owner: team; system: biling; dependsOn: [resource:cahce, component:gone, 'resource:gone', component:gone]; \
             providesApis: [a b]",
        ),
        ("Component", "app", "owner: taem; system: cache"),
    ]);
    let found = found(&descriptors, None)?;
    let told: Vec<_> = found
        .iter()
        .map(|(code, text, _, help, _)| {
            (
                *code,
                text.as_str(),
                help.split(':').next().unwrap_or_default(),
            )
        })
        .collect();
    let elsewhere = "if it is defined elsewhere, make it known";
    assert_eq!(
        told,
        [
            (Code::DanglingRelation, "a b", "no entity can be called so"),
            (Code::DanglingRelation, "component:gone", elsewhere),
            (
                Code::DanglingRelation,
                "resource:cahce",
                "did you mean `resource"
            ),
            (Code::DanglingRelation, "'resource:gone'", elsewhere),
            (Code::DanglingRelation, "biling", "did you mean `system"),
            (Code::UnknownOwner, "taem", "did you mean `group"),
            (Code::DanglingRelation, "cache", elsewhere),
        ]
    );
    Ok(())
}

#[test]
fn a_reference_to_what_is_in_error_is_not_told() -> Result<()> {
    let broken = ("Component", "web", "owner: team; dependsOn: [web]");
    let unresolved = ("API", "rates", "owner: team; system: {$text: ./missing}");
    let user = (
        "Component",
        "app",
        "owner: team; subcomponentOf: web; consumesApis: [rates]",
    );
    let found = places(&[TEAM, broken, unresolved, user])?;
    let codes: Vec<Code> = found.iter().map(|(code, _)| *code).collect();
    assert!(codes.contains(&Code::ReferenceWithoutKind), "{codes:?}");
    assert!(!codes.contains(&Code::DanglingRelation), "{codes:?}");
    Ok(())
}

#[test]
fn owners_are_looked_up_where_most_of_them_are_known() -> Result<()> {
    let web = ("Component", "web", "owner: elsewhere");
    let unchecked = found(
        &documents(&[web, ("Component", "app", "owner: user:jo")]),
        None,
    )?;
    let [(Code::OwnersUnchecked, _, message, ..)] = unchecked.as_slice() else {
        return Err(format!("{unchecked:?}").into());
    };
    assert!(
        message.starts_with("2 references to groups and users were"),
        "{message}"
    );
    // One group of the repository's own says nothing about the others.
    let own = ("Component", "app", "owner: team");
    let half = places(&[TEAM, web, own])?;
    assert_eq!(half, [(Code::OwnersUnchecked, String::new())]);
    let other = ("Group", "other", "children: []; parent: team");
    let most = places(&[TEAM, web, own, other, ("Component", "api", "owner: other")])?;
    assert_eq!(most, [(Code::UnknownOwner, "elsewhere".to_owned())]);
    // What is nearly right, or right nowhere, is told in any case.
    for (owner, text) in [("taem", "taem"), ("jo@acme.com", "jo@acme.com")] {
        let spec = format!("owner: {owner}");
        let told = places(&[TEAM, ("Component", "app", &spec)])?;
        assert_eq!(told, [(Code::UnknownOwner, text.to_owned())]);
    }
    // Guests need no entity.
    let guest = ("Component", "app", "owner: user:development/guest");
    assert_eq!(places(&[TEAM, guest])?, []);
    // A dump of Backstage knows all of them.
    let dump = json!([{"apiVersion": "backstage.io/v1alpha1", "kind": "Group", "metadata": {"name": "team"},
        "spec": {"type": "team", "children": []}}]);
    let told = found(&documents(&[web]), Some(&dump.to_string()))?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, Code::UnknownOwner);
    Ok(())
}

#[test]
fn kinds_that_make_no_sense_are_told() -> Result<()> {
    let others = [
        TEAM,
        ("System", "shop", "owner: team"),
        ("Product", "shop", "x: y"),
        ("API", "rates", "owner: team"),
        ("Component", "web", "owner: team"),
        ("User", "jo", "memberOf: [team]"),
    ];
    for (entity, expected) in [
        (
            ("Component", "app", "owner: component:web"),
            Some("component:web"),
        ),
        (
            ("Component", "app", "owner: component:gone"),
            Some("component:gone"),
        ),
        (("Component", "app", "owner: USER:jo"), None),
        (
            ("Component", "app", "owner: team; system: component:web"),
            Some("component:web"),
        ),
        (
            ("Component", "app", "owner: team; system: system:shop"),
            None,
        ),
        (
            (
                "Component",
                "app",
                "owner: team; subcomponentOf: system:shop",
            ),
            Some("system:shop"),
        ),
        (
            (
                "Component",
                "app",
                "owner: team; dependsOn: [component:web, API:rates]",
            ),
            Some("API:rates"),
        ),
        (
            (
                "Component",
                "app",
                "owner: team; consumesApis: [component:web]",
            ),
            Some("component:web"),
        ),
        // A kind of the organisation's own may be good for anything.
        (
            ("Component", "app", "owner: team; system: product:shop"),
            None,
        ),
        (
            ("Group", "app", "children: []; members: [group:team]"),
            Some("group:team"),
        ),
        (("User", "sam", "memberOf: [user:jo]"), Some("user:jo")),
        // Backstage makes no relation of it, so nothing dangles.
        (
            (
                "AiResource",
                "app",
                "type: skill; lifecycle: x; owner: team; dependsOn: [component:web]",
            ),
            Some("component:web"),
        ),
        // `spec.owner` of a group means nothing.
        (("Group", "app", "children: []; owner: component:web"), None),
    ] {
        let mut entities = others.to_vec();
        entities.push(entity);
        let expected: Vec<_> = expected
            .map(|text| (Code::WrongKind, text.to_owned()))
            .into_iter()
            .collect();
        // What the fields of one entity mean is not asked here.
        let mut found = places(&entities)?;
        found.retain(|(code, _)| *code != Code::UnknownField);
        assert_eq!(found, expected, "{entity:?}");
    }
    Ok(())
}

#[test]
fn circles_are_told_once() -> Result<()> {
    let found = found(
        &documents(&[
            TEAM,
            ("Component", "a", "owner: team; subcomponentOf: b"),
            ("Component", "b", "owner: team; subcomponentOf: c"),
            ("Component", "c", "owner: team; subcomponentOf: a"),
            (
                "Component",
                "d",
                "owner: team; subcomponentOf: a; dependsOn: [component:d, component:a]",
            ),
            ("Group", "low", "children: [team2]; parent: team2"),
            ("Group", "team2", "children: []"),
        ]),
        None,
    )?;
    let told: Vec<_> = found
        .iter()
        .map(|(code, text, message, _, related)| (*code, text.as_str(), message.as_str(), *related))
        .collect();
    assert_eq!(
        told,
        [
            (
                Code::RelationCycle,
                "b",
                "`component:default/a` is part of itself, by way of `component:default/b`, then `component:default/c`",
                2
            ),
            (
                Code::RelationCycle,
                "component:d",
                "`component:default/d` depends on itself",
                0
            ),
            (
                Code::RelationCycle,
                "team2",
                "`group:default/low` is a child of itself, by way of `group:default/team2`",
                1
            ),
        ]
    );
    Ok(())
}

#[test]
fn ends_that_disagree_are_told() -> Result<()> {
    let jo = ("User", "jo", "memberOf: [team]");
    let sam = ("User", "sam", "memberOf: []");
    for (entities, expected) in [
        (
            vec![("Group", "team", "children: []; members: [jo]"), jo],
            None,
        ),
        (vec![TEAM, jo], None),
        (
            vec![
                ("Group", "team", "children: []; members: [sam]"),
                sam,
                TEAM_OF_JO,
            ],
            None,
        ),
        (
            vec![("Group", "team", "children: []; members: [sam]"), sam, jo],
            Some("members"),
        ),
        (
            vec![TEAM, jo, ("Group", "other", "children: []; members: [jo]")],
            Some("memberOf"),
        ),
        (
            vec![
                ("Group", "top", "children: [one]"),
                ("Group", "one", "children: []"),
                ("Group", "two", "children: []; parent: top"),
            ],
            Some("children"),
        ),
        (
            vec![
                ("Group", "top", "children: [one]"),
                ("Group", "one", "children: []; parent: side"),
                ("Group", "side", "children: []"),
            ],
            Some("side"),
        ),
        (
            vec![
                ("Group", "top", "children: [one]"),
                ("Group", "one", "children: []"),
                ("Group", "side", "children: [one]"),
            ],
            Some("one"),
        ),
    ] {
        let expected: Vec<_> = expected
            .map(|text| (Code::DisagreeingEnds, text.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(places(&entities)?, expected, "{entities:?}");
    }
    Ok(())
}

const TEAM_OF_JO: (&str, &str, &str) = ("Group", "jos", "children: []; members: []");
