//! How many of the relations that Backstage has arrive in Port, by mapping: Port's own mapping and the import script as
//! they are, and the built-in profiles. The facts come from the real Backstage packages.

#![expect(clippy::print_stdout, reason = "the table is for people")]

mod support;

use std::collections::BTreeSet;

use backstage2port::Options;
use backstage2port::map::Profile;
use backstage2port::port::{Packed, Targets};
use camino::Utf8Path;
use support::corpus::{Entities, USUAL, corpus, oracle, shared};
use support::{Result, inputs};

/// A relation in the direction that descriptors declare: source, type, target, all in lower case.
type Fact = (String, String, String);

/// A mapping to be judged.
struct Candidate {
    name: &'static str,
    /// What `--profile` gets.
    profile: &'static str,
    identifier: fn(&str) -> String,
}

const STANDARD: &str = "profile standard";

const CANDIDATES: &[Candidate] = &[
    Candidate {
        name: "Ocean's mapping as it is",
        profile: "fixtures/ocean/backstage",
        identifier: whole,
    },
    Candidate {
        name: "the import script as it is",
        profile: "fixtures/ocean/backstage-import",
        identifier: name,
    },
    Candidate {
        name: "profile ocean",
        profile: "ocean",
        identifier: whole,
    },
    Candidate {
        name: "profile backstage-import",
        profile: "backstage-import",
        identifier: name,
    },
    Candidate {
        name: STANDARD,
        profile: "standard",
        identifier: outside_default,
    },
];

/// Types of relations with those of their other side.
const INVERSES: &[(&str, &str)] = &[
    ("ownerOf", "ownedBy"),
    ("hasPart", "partOf"),
    ("apiProvidedBy", "providesApi"),
    ("apiConsumedBy", "consumesApi"),
    ("dependencyOf", "dependsOn"),
    ("parentOf", "childOf"),
    ("hasMember", "memberOf"),
];

/// The relations of Port that hold one of Backstage, and whether they hold it at the target's side.
fn relation_type(relation: &str) -> Option<(&'static str, bool)> {
    Some(match relation {
        "owningGroup" | "owningUser" => ("ownedBy", false),
        "system" | "domain" | "subcomponentOf" | "subdomainOf" | "partOfAiResources" => {
            ("partOf", false)
        }
        "providesApis" => ("providesApi", false),
        "consumesApis" => ("consumesApi", false),
        "parent" => ("childOf", false),
        "children" => ("childOf", true),
        "memberOf" => ("memberOf", false),
        "members" => ("memberOf", true),
        _ if relation.starts_with("dependsOn") => ("dependsOn", false),
        _ => return None,
    })
}

fn whole(entity_ref: &str) -> String {
    entity_ref.to_owned()
}

fn name(entity_ref: &str) -> String {
    entity_ref.rsplit('/').next().unwrap_or_default().to_owned()
}

fn outside_default(entity_ref: &str) -> String {
    let rest = entity_ref
        .split_once(':')
        .map_or(entity_ref, |(_, rest)| rest);
    rest.strip_prefix("default/").unwrap_or(rest).to_owned()
}

/// The relations of entities.
fn facts(entities: &Entities) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    for (source, entity) in entities {
        for relation in entity["relations"].as_array().into_iter().flatten() {
            let text = |key: &str| relation[key].as_str().unwrap_or_default();
            let (kind, target) = (text("type"), text("targetRef").to_lowercase());
            let inverse = INVERSES.iter().find(|(inverse, _)| *inverse == kind);
            facts.insert(match inverse {
                Some((_, forward)) => (target, (*forward).to_owned(), source.clone()),
                None => (source.clone(), kind.to_owned(), target),
            });
        }
    }
    facts
}

/// What is written, as (blueprint, identifier, type, blueprint of the target, identifier of the target).
type Claim = (String, String, &'static str, String, String);

fn claims(options: &Options, folder: &Utf8Path) -> Result<BTreeSet<Claim>> {
    let port = backstage2port::convert(inputs(folder)?, options)?.port;
    let mut claims = BTreeSet::new();
    for entity in port.entities.iter().map(Packed::unpacked) {
        let mut blueprints = port.blueprints.iter();
        let blueprint = blueprints.find(|one| one.identifier == entity.blueprint);
        let definitions = &blueprint.ok_or("no blueprint")?.relations;
        for (relation, targets) in &entity.relations {
            let Some((kind, is_inverse)) = relation_type(relation) else {
                continue;
            };
            let target_blueprint = definitions[relation].target.to_lowercase();
            let targets = match targets {
                Targets::One(target) => vec![target.to_lowercase()],
                Targets::Many(targets) => targets.iter().map(|one| one.to_lowercase()).collect(),
                Targets::Query(_) => return Err("a search is no identifier".into()),
            };
            for target in targets {
                let here = (
                    entity.blueprint.to_lowercase(),
                    entity.identifier.to_lowercase(),
                );
                let there = (target_blueprint.clone(), target);
                let (from, to) = if is_inverse {
                    (there, here)
                } else {
                    (here, there)
                };
                claims.insert((from.0, from.1, kind, to.0, to.1));
            }
        }
    }
    Ok(claims)
}

fn blueprint(entity_ref: &str) -> String {
    let kind = entity_ref.split(':').next().unwrap_or_default();
    if kind == "airesource" {
        "ai_resource".to_owned()
    } else {
        kind.to_owned()
    }
}

#[test]
#[ignore = "needs node and the packages that .ci/oracle installs"]
fn relations_arrive() -> Result<()> {
    let Some(shared) = shared()? else {
        return Ok(());
    };
    let options = CANDIDATES.iter().map(|candidate| {
        let profile = Profile::load(candidate.profile)?;
        Ok(Options {
            infer: false,
            ..Options::with(profile)
        })
    });
    let options = options.collect::<Result<Vec<_>>>()?;
    let mut table = vec![[0; 3]; CANDIDATES.len()];
    let mut total = 0;
    let mut missing = Vec::new();
    for (folder_name, folder) in corpus(&shared)? {
        let facts = facts(&oracle(USUAL, &folder_name, &folder)?);
        total += facts.len();
        for ((candidate, options), numbers) in CANDIDATES.iter().zip(&options).zip(&mut table) {
            let claims = claims(options, &folder)?;
            let mut right = BTreeSet::new();
            for (source, kind, target) in &facts {
                let found = claims.iter().find(|claim| {
                    (
                        claim.0 == blueprint(source),
                        claim.2,
                        claim.3 == blueprint(target),
                    ) == (true, kind.as_str(), true)
                        && claim.1 == (candidate.identifier)(source)
                        && claim.4 == (candidate.identifier)(target)
                });
                if let Some(claim) = found {
                    right.insert(claim.clone());
                    numbers[0] += 1;
                    continue;
                }
                numbers[1] += 1;
                if candidate.name == STANDARD {
                    missing.push(format!("{source} {kind} {target}"));
                }
            }
            numbers[2] += claims.difference(&right).count();
        }
    }
    println!("| mapping | right | missing | made up |\n|---|---:|---:|---:|");
    for (candidate, [right, missing, wrong]) in CANDIDATES.iter().zip(&table) {
        println!(
            "| {} | {right} of {total} | {missing} | {wrong} |",
            candidate.name
        );
    }
    // The default profile holds every one, and makes up none.
    let standard = CANDIDATES.iter().position(|one| one.name == STANDARD);
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!(standard.map(|index| table[index]), Some([total, 0, 0]));
    Ok(())
}
