//! `teams`: groups are teams of Port, users are users of Port, and teams own what there is. And `--teams-only`, for every
//! profile.

use backstage2port::diagnostic::Code;
use backstage2port::map::Profile;
use serde_json::{Value, json};

use crate::annotations::file;
use crate::support::{Folder, Result};
use crate::{Way, document};

const OWNED: &str = "type: service, lifecycle: production, owner: ";

fn organisation() -> String {
    [
        document(
            "Group",
            "name: acme, title: Acme",
            "type: root, children: []",
        ),
        document(
            "Group",
            "name: payments",
            "type: team, children: [], parent: acme, profile: {displayName: Payments}",
        ),
        document(
            "Group",
            "name: payments, namespace: abroad",
            "type: team, children: [], parent: default/acme",
        ),
        document(
            "User",
            "name: jo",
            "memberOf: [payments, abroad/payments], profile: {email: jo@example.com}",
        ),
        document(
            "User",
            "name: kim, annotations: {microsoft.com/email: kim@example.com}",
            "memberOf: []",
        ),
    ]
    .concat()
}

fn component(name: &str, owner: &str) -> String {
    document(
        "Component",
        &format!("name: {name}"),
        &format!("{OWNED}{owner}"),
    )
}

#[test]
fn groups_are_teams_and_users_are_users() -> Result<()> {
    let made = Way::of("teams")?.text(&organisation())?;
    let team = made.entity("_team/payments")?;
    assert_eq!(team["title"], "Payments");
    assert_eq!(team["properties"]["type"], "team");
    assert_eq!(team["relations"], json!({"parent": "acme"}));
    let abroad = made.entity("_team/abroad/payments")?;
    assert_eq!(abroad["relations"], json!({"parent": "acme"}));
    // Membership is the team of a user.
    let jo = made.entity("_user/jo@example.com")?;
    assert_eq!(jo["team"], json!(["abroad/payments", "payments"]));
    assert_eq!(jo["relations"], Value::Null);
    let kim = made.entity("_user/kim@example.com")?;
    assert_eq!(kim["team"], Value::Null);
    assert_eq!(made.findings, []);
    Ok(())
}

#[test]
fn teams_own_entities() -> Result<()> {
    let made = Way::of("teams")?.text(&(organisation() + &component("a", "payments")))?;
    let entity = made.entity("component/a")?;
    assert_eq!(entity["team"], json!(["payments"]));
    assert_eq!(entity["relations"], Value::Null);
    let written = made.written()?;
    assert_eq!(
        written.blueprints["component"]["ownership"],
        json!({"type": "Direct"})
    );
    for blueprint in ["_team", "_user"] {
        assert_eq!(written.blueprints[blueprint]["ownership"], Value::Null);
    }
    assert!(made.messages(Code::UserOwner).is_empty());
    Ok(())
}

#[test]
fn a_user_without_an_address_is_reported() -> Result<()> {
    let users = [
        document("User", "name: sam", "memberOf: []"),
        document(
            "User",
            "name: max",
            "memberOf: [], profile: {email: unknown}",
        ),
    ];
    let made = Way::of("teams")?.text(&(users.concat() + &component("a", "user:sam")))?;
    let messages = made.messages(Code::UnmappedEntity);
    assert_eq!(messages.len(), 2, "{messages:?}");
    let told = messages
        .iter()
        .all(|message| message.contains("add `spec.profile.email`"));
    assert!(told, "{messages:?}");
    // What cannot be a relation is kept in words.
    let entity = made.entity("component/a")?;
    assert_eq!(entity["relations"], Value::Null);
    assert_eq!(
        entity["properties"]["otherRelations"],
        json!(["ownedBy user:default/sam"])
    );
    Ok(())
}

/// The address of a user is found where the user is described, in a dump too, else in the name.
#[test]
fn user_owners_are_named_by_their_address() -> Result<()> {
    let dump = json!([{"apiVersion": "backstage.io/v1alpha1", "kind": "User",
        "metadata": {"name": "lee"}, "spec": {"memberOf": [], "profile": {"email": "lee@example.com"}}}]);
    let folder = Folder::with([("catalog.json", &*dump.to_string())])?;
    let way = Way::of("teams")?.knowing(folder.path.join("catalog.json"));
    let all = [
        organisation(),
        component("of-jo", "user:jo"),
        component("of-kim", "user:kim"),
        component("of-lee", "user:lee"),
        component("of-pat", "user:pat@example.com"),
    ];
    let made = way.text(&all.concat())?;
    for name in ["jo", "kim", "lee", "pat"] {
        let entity = made.entity(&format!("component/of-{name}"))?;
        let expected = json!({"owningUser": format!("{name}@example.com")});
        assert_eq!(entity["relations"], expected);
        assert_eq!(entity["team"], Value::Null);
    }
    Ok(())
}

#[test]
fn what_only_a_user_owns_is_reported() -> Result<()> {
    let all = organisation()
        + &component("a", "user:jo")
        + &component("b", "payments")
        + &component("c", "user:kim");
    let made = Way::of("teams")?.text(&all)?;
    let messages = made.messages(Code::UserOwner);
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert!(
        messages[0].contains("`user:default/jo`") && messages[0].contains("--teams-only"),
        "{messages:?}"
    );
    assert!(!messages[1].contains("--teams-only"), "{messages:?}");
    // Without ownership there is no team to miss.
    let made = Way::of("standard")?.text(&all)?;
    assert!(made.messages(Code::UserOwner).is_empty());
    Ok(())
}

#[test]
fn teams_only_lets_the_groups_of_a_user_own() -> Result<()> {
    let all = organisation() + &component("a", "user:jo") + &component("b", "payments");
    let made = Way::of("teams")?.teams_only().text(&all)?;
    let entity = made.entity("component/a")?;
    assert_eq!(entity["team"], json!(["abroad/payments", "payments"]));
    assert_eq!(entity["relations"], Value::Null);
    assert_eq!(made.entity("component/b")?["team"], json!(["payments"]));
    assert!(made.messages(Code::UserOwner).is_empty());

    let made = Way::of("standard")?.teams_only().text(&all)?;
    let entity = made.entity("component/a")?;
    assert_eq!(
        entity["relations"],
        json!({"owningGroup": "abroad/payments"})
    );
    // A relation to one group has no place for the other.
    assert_eq!(
        entity["properties"]["otherRelations"],
        json!(["ownedBy group:default/payments"])
    );
    Ok(())
}

#[test]
fn teams_only_keeps_a_user_without_a_known_group() -> Result<()> {
    let stray = document("User", "name: stray", "memberOf: [nowhere]");
    let all = organisation()
        + &stray
        + &component("a", "user:kim")
        + &component("b", "user:stray")
        + &component("c", "user:nobody");
    let made = Way::of("standard")?.teams_only().text(&all)?;
    for (entity, user) in [("a", "kim"), ("b", "stray"), ("c", "nobody")] {
        let entity = made.entity(&format!("component/{entity}"))?;
        assert_eq!(entity["relations"], json!({"owningUser": user}));
    }
    assert_eq!(made.messages(Code::UserOwner).len(), 3);
    Ok(())
}

/// The profiles are two folders, so what they have in common could drift apart.
#[test]
fn teams_is_standard_but_for_groups_users_and_owners() -> Result<()> {
    let (standard, teams) = (Profile::load("standard")?, Profile::load("teams")?);
    let named = |identifier: &str| match identifier {
        "group" => "_team".to_owned(),
        "user" => "_user".to_owned(),
        other => other.to_owned(),
    };
    assert_eq!(standard.blueprints.len(), teams.blueprints.len());
    for (ours, theirs) in standard.blueprints.iter().zip(&teams.blueprints) {
        let name = &ours.identifier;
        assert_eq!(named(name), theirs.identifier);
        let mut ours = ours.clone();
        if name == "group" {
            // Port's own property of its own blueprint.
            let description = json!({"type": "string", "title": "Description"});
            let properties = &mut ours.schema.properties;
            properties.insert(
                "description".to_owned(),
                serde_json::from_value(description)?,
            );
        }
        assert_eq!(ours.schema, theirs.schema, "{name}");
        let mut relations = ours.relations.clone();
        relations.retain(|relation, _| {
            !["owningGroup", "children", "members", "memberOf"].contains(&relation.as_str())
        });
        for relation in relations.values_mut() {
            relation.target = named(&relation.target);
        }
        assert_eq!(relations, theirs.relations, "{name}");
    }
    let (standard, teams) = (
        file("standard", "mapping.yaml")?,
        file("teams", "mapping.yaml")?,
    );
    let resources = |mapping: &Value| mapping["resources"].as_array().cloned();
    let pairs = resources(&standard).ok_or("none")?.into_iter();
    for (ours, theirs) in pairs.zip(resources(&teams).ok_or("none")?) {
        assert_eq!(ours["kind"], theirs["kind"]);
        let properties = |resource: &Value| {
            let mut properties = resource["port"]["entity"]["mappings"]["properties"].clone();
            // Relations differ, so what is left of them does too.
            properties["otherRelations"] = Value::Null;
            properties
        };
        assert_eq!(properties(&ours), properties(&theirs), "{}", ours["kind"]);
    }
    Ok(())
}
