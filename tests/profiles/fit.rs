//! Whatever a profile makes of a fixture, Port takes.

use std::collections::BTreeSet;
use std::fs;

use backstage2port::diagnostic::Code;
use backstage2port::map::Profile;

use crate::support::Result;
use crate::support::port::{body, faults_of, shared};
use crate::{Way, fixtures, names};

#[test]
fn every_profile_fits_port_on_every_fixture() -> Result<()> {
    let (entity, blueprint) = (body("entity")?, body("blueprint")?);
    for name in names() {
        let way = Way::of(name)?;
        let mut entities = 0;
        for input in fixtures()? {
            let converted = way.convert(&input)?;
            let written = converted.written()?;
            let mut faults = Vec::new();
            if let Some(schema) = &blueprint {
                for value in written.blueprints.values() {
                    faults_of(schema, value, &mut faults);
                }
            }
            if let Some(schema) = &entity {
                for value in &written.entities {
                    faults_of(schema, value, &mut faults);
                }
            }
            written.check_against_blueprints(&mut faults)?;
            assert!(faults.is_empty(), "{name} on {input}: {faults:#?}");
            for code in [
                Code::MappingFailed,
                Code::UnknownBlueprint,
                Code::InvalidBlueprint,
            ] {
                let messages = converted.messages(code);
                assert!(messages.is_empty(), "{name} on {input}: {messages:#?}");
            }
            entities += written.entities.len();
        }
        assert!(entities > 0, "{name} converts nothing");
    }
    Ok(())
}

#[test]
fn icons_are_those_of_port() -> Result<()> {
    let Ok(icons) = fs::read_to_string(shared()?.join("oracle/port-api/icons.txt")) else {
        return Ok(());
    };
    let icons: BTreeSet<&str> = icons.lines().collect();
    for name in names() {
        for blueprint in Profile::load(name)?.blueprints {
            let properties = blueprint.schema.properties.values();
            let properties = properties.filter_map(|definition| definition.0.get("icon")?.as_str());
            for icon in properties.chain(blueprint.icon.as_deref()) {
                assert!(
                    icons.contains(icon),
                    "{name}: {}: {icon}",
                    blueprint.identifier
                );
            }
        }
    }
    Ok(())
}
