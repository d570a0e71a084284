//! What is hard for Terraform: texts that HCL or JSON could take for something else, circles, and what changes later.

use serde_json::{Value, json};

use crate::api::Api;
use crate::driver::{Driver, root};
use crate::support::{Folder, Result};

/// Texts that would be something else to HCL, to JSON inside it, or to a template, if they stood there as they are.
const HOSTILE: &[&str] = &[
    "${file(\"/etc/passwd\")}",
    "$${file(\"/etc/passwd\")}",
    "$$${x}",
    "%{ for x in [1, 2] }${x}%{ endfor }",
    "%%{ if true }x%{ endif }",
    "$%{$ ${ %{ $ % $$ %% } ~}",
    "\"",
    "\\\"",
    "\\",
    "a\\nb\\u0041\\${x}",
    "\"\n}\nresource \"port_team\" \"x\" {\n  name = \"x\"\n}\n\"",
    "<<EOT\nEOT\n",
    "<<-EOT\n  x\n  EOT",
    "EOT",
    "# a comment\n// another\n/* and */",
    "*/ }",
    "line\nline\n",
    "line\r\nline\rline",
    "\n",
    " ",
    "\u{2028}\u{2029}\u{85}",
    "\u{0}\u{1}\u{7}\u{8}\u{b}\u{c}\u{1b}[31m\u{7f}",
    "\u{202e}abc\u{200f}\u{feff}",
    "größe 組件 🚀 \u{10ffff}\u{fffe}",
    "<b>&amp;</b>",
    "{\"a\": \"b\"}",
    "jsonencode({})",
    "var.stage",
    "null",
    "true",
    "1e400",
];

fn component(name: &str, metadata: Value, spec: Value) -> String {
    let mut entity = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "Component", "metadata": {"name": name},
        "spec": {"type": "service", "lifecycle": "x", "owner": "o"},
    });
    for (key, more) in [("metadata", metadata), ("spec", spec)] {
        for (name, value) in more.as_object().into_iter().flatten() {
            entity[key][name] = value.clone();
        }
    }
    entity.to_string()
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn no_text_breaks_out() -> Result<()> {
    let Some(driver) = Driver::there_is()? else {
        return Ok(());
    };
    let folder = Folder::new()?;
    let long = "A line of text ${x} \"\\\n".repeat(400) + &"x".repeat(200_000);
    let texts: Vec<&str> = HOSTILE.iter().copied().chain([long.as_str()]).collect();
    for (number, text) in texts.iter().enumerate() {
        let title: String = text.chars().take(200).collect();
        let metadata = json!({
            "title": title, "description": text,
            "annotations": {"a.example/b": text, "backstage.io/techdocs-ref": text},
            "links": [{"url": "https://a.example/?a=<b>&${c}", "title": format!("x{title}x")}],
            "${key}%{ if }\"\\": [text, {"\u{2028}<": text}],
        });
        let descriptor = component(
            &format!("n{number}"),
            metadata,
            json!({"type": format!("x{title}x")}),
        );
        folder.write(&format!("c{number}/catalog-info.yaml"), &descriptor)?;
    }
    let account = driver
        .converges("hostile texts", &folder.path, &[])?
        .ok_or("nothing")?
        .account;
    for (number, text) in texts.iter().enumerate() {
        let entity = &account.entities[&("component".to_owned(), format!("n{number}"))];
        assert_eq!(entity["properties"]["description"], *text);
        assert_eq!(entity["properties"]["annotations"]["a.example/b"], *text);
    }
    assert_eq!(
        account.blueprints.len(),
        4,
        "{:?}",
        account.blueprints.keys()
    );

    // HCL has no other spelling of these than the composed one: what is written of them is told.
    let folder = Folder::new()?;
    let metadata = json!({"description": "e\u{301}", "annotations": {"a.example/b": "e\u{301}"}});
    folder.write("catalog-info.yaml", &component("n", metadata, json!({})))?;
    driver.converges("composed texts", &folder.path, &[])?;
    Ok(())
}

/// A profile whose blueprints lead in circles: each to the next, to itself, and all to all.
fn circles() -> Result<Folder> {
    let folder = Folder::new()?;
    let ids = ["a", "b-c", "b_c", "B-c", "d.e"];
    let relation = |target: &str, many: bool, required: bool| json!({"target": target, "title": "T", "many": many, "required": required});
    let mut blueprints = Vec::new();
    let mut resources = Vec::new();
    for (at, id) in ids.into_iter().enumerate() {
        let next = ids[(at + 1) % ids.len()];
        let relations = json!({
            // A circle of required ones could never be made, not even by hand.
            "next": relation(next, false, at == 0), "self": relation(id, false, false), "all": relation(ids[0], true, false),
        });
        let required: &[&str] = if at == 2 { &["text"] } else { &[] };
        blueprints.push(json!({
            "identifier": id, "title": id,
            "schema": {"properties": {"text": {"type": "string"}, "odd": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}},
                "required": required},
            "relations": relations,
            "mirrorProperties": {"far": {"path": "next.next.text"}},
        }));
        resources.push(json!({
            "kind": "Component", "selector": {"query": "true"},
            "port": {"entity": {"mappings": {
                "identifier": ".metadata.title", "blueprint": json!(id).to_string(),
                "properties": {"text": ".metadata.name"},
                "relations": {"next": ".metadata.next", "self": ".metadata.title", "all": ".metadata.tags"},
            }}},
        }));
    }
    folder.write("profile/blueprints.yaml", &json!(blueprints).to_string())?;
    folder.write(
        "profile/mapping.yaml",
        &json!({"resources": resources}).to_string(),
    )?;
    let long = "long-".repeat(60) + "x";
    let names = [
        "shop",
        "Shop",
        "sh_op",
        "sh-op",
        "1.0",
        "a/b=c",
        "größe",
        long.as_str(),
    ];
    for (at, name) in names.into_iter().enumerate() {
        let next = names[(at + 1) % names.len()];
        let metadata = json!({"title": name, "next": next, "tags": ["one"]});
        let descriptor = component(&format!("n{at}"), metadata, json!({}));
        folder.write(&format!("c{at}/catalog-info.yaml"), &descriptor)?;
    }
    Ok(folder)
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn circles_take_two_stages() -> Result<()> {
    let Some(driver) = Driver::there_is()? else {
        return Ok(());
    };
    let folder = circles()?;
    let profile = folder.path.join("profile");
    let tried = driver.converges("circles", &folder.path, &["--profile", profile.as_str()])?;
    assert!(tried.ok_or("nothing")?.first.is_some());
    Ok(())
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn what_goes_is_destroyed_and_what_is_there_is_imported() -> Result<()> {
    let Some(driver) = Driver::there_is()? else {
        return Ok(());
    };
    let (folder, out) = (Folder::new()?, Folder::new()?);
    let api = Api::start()?.ok_or("no schemas")?;
    let key = |blueprint: &str, name: &str| (blueprint.to_owned(), name.to_owned());
    let described = json!({"description": "d", "annotations": {"a.example/b": "c"}});
    let uses = json!({"dependsOn": ["component:gone"], "providesApis": ["gone"]});
    folder.write(
        "shop/catalog-info.yaml",
        &component("shop", described, uses),
    )?;
    folder.write(
        "gone/catalog-info.yaml",
        &component("gone", json!({}), json!({})),
    )?;
    let interface = json!({
        "apiVersion": "backstage.io/v1alpha1", "kind": "API", "metadata": {"name": "gone"},
        "spec": {"type": "grpc", "lifecycle": "x", "owner": "o", "definition": "d"},
    });
    folder.write("api/catalog-info.yaml", &interface.to_string())?;
    Driver::convert("before", &folder.path, &[], &out.path)?;
    let before = driver.is_applied("before", &out.path, &api)?.account;
    let owner = before.entities.get(&key("group", "o"));
    assert!(owner.is_some(), "Port makes the owner");

    // The state of Terraform stays where it is, and the blueprint of APIs goes.
    std::fs::remove_dir_all(folder.path.join("gone"))?;
    std::fs::remove_dir_all(folder.path.join("api"))?;
    folder.write(
        "shop/catalog-info.yaml",
        &component("shop", json!({}), json!({})),
    )?;
    Driver::convert(
        "after",
        &folder.path,
        &["--compact", "--allow-removals"],
        &out.path,
    )?;
    let after = driver.is_applied("after", &out.path, &api)?.account;
    let shop = &after.entities[&key("component", "shop")];
    assert_eq!(shop["properties"].get("description"), None);
    assert!(!after.entities.contains_key(&key("component", "gone")));
    assert!(!after.blueprints.contains_key("api"));

    // Without its state, Terraform learns from blocks what is there.
    let fresh = Folder::new()?;
    Driver::convert(
        "imported",
        &folder.path,
        &["--terraform-import"],
        &fresh.path,
    )?;
    driver.is_applied("imported", &fresh.path, &api)?;
    // Without the blocks Port refuses to make a blueprint twice.
    let fresh = Folder::new()?;
    Driver::convert("again", &folder.path, &[], &fresh.path)?;
    let again = driver.is_applied("again", &fresh.path, &api).err();
    let again = again.ok_or("made twice")?.to_string();
    assert!(again.contains("identifier_taken"), "{again}");
    Ok(())
}

#[test]
#[ignore = "needs OpenTofu, which .ci/tofu builds, and Port's provider"]
fn what_is_broken_is_seen() -> Result<()> {
    let Some(driver) = Driver::there_is()? else {
        return Ok(());
    };
    let folder = Folder::new()?;
    let described = json!({"description": "d"});
    folder.write(
        "catalog-info.yaml",
        &component("shop", described, json!({})),
    )?;
    for (file, part, broken, seen) in [
        (
            "blueprints.tf",
            "port_blueprint.group.identifier",
            "\"nowhere\"",
            "no blueprint nowhere",
        ),
        (
            "blueprints.tf",
            "format ",
            "formal ",
            "properties.description.format",
        ),
        (
            "entities.component.tf",
            "\"d\"",
            "\"${1 + 1}\"",
            "properties.description",
        ),
        (
            "entities.component.tf",
            "string_props",
            "number_props",
            "a number is required",
        ),
        (
            "entities.component.tf",
            "description",
            "descripsion",
            "descripsion",
        ),
        (
            "entities.component.tf",
            "single_relations",
            "singularrelation",
            "relations",
        ),
    ] {
        let out = Folder::new()?;
        Driver::convert("broken", &folder.path, &[], &out.path)?;
        let path = root(&out.path).join(file);
        let text = std::fs::read_to_string(&path)?;
        std::fs::write(&path, text.replace(part, broken))?;
        let api = Api::start()?.ok_or("no schemas")?;
        let fault = driver.is_applied("broken", &out.path, &api).err();
        let fault = fault
            .ok_or_else(|| format!("{part} is not seen in\n{text}"))?
            .to_string();
        assert!(fault.contains(seen), "{part}: {fault}");
    }
    Ok(())
}
