//! Target `central`: `.port/entities/<blueprint>.yml`, a list of entities for each blueprint.
//!
//! In: the entities of each root by blueprint. Out: their manifests, a long list in parts: `component.yml`,
//! `component+2.yml` and so on. In file names made of identifiers (see [`super::file_name`]) a letter follows every `+`, so
//! a part is never the file of another blueprint.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{DO_NOT_EDIT, Format, Homes, Manifest, Recipe, Shape, document, entities_path};
use crate::generated;
use crate::port::{self, Packed};

/// The most bytes in a file of several entities: what every provider takes, and Bitbucket, which takes least, with room
/// to spare.
pub(super) const MAX_PART: usize = 300_000;

/// By how many bytes a list of one is longer than its entity is in a list of many, at most.
const SLACK: usize = 64;

/// The manifests of all roots.
pub(super) fn manifests(
    catalog: &port::Catalog,
    homes: &Homes<'_>,
    format: Format,
) -> Vec<Manifest> {
    let lists = homes.0.iter().flat_map(|(root, blueprints)| {
        let lists = blueprints.iter();
        lists.map(|(blueprint, entities)| (*root, *blueprint, entities.as_slice()))
    });
    let origin = generated::opening(DO_NOT_EDIT);
    let lists: Vec<_> = lists.collect();
    lists
        .into_par_iter()
        .flat_map_iter(|(root, blueprint, entities)| {
            let packed = entities.iter().map(|position| &catalog.entities[*position]);
            let packed: Vec<&Packed> = packed.collect();
            let mut rest = entities;
            let parts = split(&packed, &origin, format, MAX_PART);
            (1..).zip(parts).map(move |(number, count)| {
                let (part, others) = rest.split_at(count);
                rest = others;
                let recipe = Recipe {
                    shape: Shape::List,
                    format,
                    origin: DO_NOT_EDIT.into(),
                    entities: part.into(),
                    namespace: None,
                };
                let path = part_path(blueprint, number, format);
                let mut manifest = Manifest::of(root, path, recipe);
                manifest.whole = (number > 1).then(|| part_path(blueprint, 1, format));
                manifest
            })
        })
        .collect()
}

/// How many parts the longest list of each blueprint has, by the path of the first.
pub(super) fn parts(manifests: &[Manifest]) -> BTreeMap<Utf8PathBuf, usize> {
    let mut lists: BTreeMap<_, usize> = BTreeMap::new();
    for manifest in manifests {
        let whole = manifest.whole.as_ref().unwrap_or(&manifest.path);
        *lists.entry((whole, manifest.root)).or_default() += 1;
    }
    let mut parts: BTreeMap<Utf8PathBuf, usize> = BTreeMap::new();
    for ((whole, _), count) in lists {
        let most = parts.entry(whole.clone()).or_default();
        *most = count.max(*most);
    }
    parts
}

/// The path of a part; the first has no number.
pub(super) fn part_path(blueprint: &str, number: usize, format: Format) -> Utf8PathBuf {
    let number = match number {
        1 => String::new(),
        number => format!("+{number}"),
    };
    format!("{}{number}.{}", entities_path(blueprint), extension(format)).into()
}

/// The extension of a list.
pub(super) const fn extension(format: Format) -> &'static str {
    match format {
        Format::Yaml => "yml",
        Format::Json => "json",
    }
}

/// How many entities each of as few parts as possible has. Every part has at most `limit` bytes, unless it is a single
/// entity that is larger.
fn split(entities: &[&Packed], origin: &str, format: Format, limit: usize) -> Vec<usize> {
    // A list of one is a few bytes longer than the entity is in a list of many.
    let lengths: Vec<usize> = entities
        .par_iter()
        .map(|entity| document::entities(&[*entity], "", format).len())
        .collect();
    let most = origin.len() + lengths.iter().sum::<usize>();
    // By how much the sum may be too much.
    let slack = lengths.len() * SLACK;
    let fits = || document::entities(entities, origin, format).len() <= limit;
    if entities.len() == 1 || most <= limit || (most.saturating_sub(slack) <= limit && fits()) {
        return vec![entities.len()];
    }
    let mut parts = Vec::new();
    let mut rest = &lengths[..];
    while !rest.is_empty() {
        let mut length = origin.len();
        let fits = |of_entity: &&usize| {
            length += **of_entity;
            length <= limit
        };
        let count = rest.iter().take_while(fits).count().max(1);
        parts.push(count);
        rest = &rest[count..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::prop;
    use proptest::{prop_assert, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::{part_path, split};
    use crate::port::{Cleared, Entity, Packed};
    use crate::render::{Format, document, file_name};
    use crate::source::{Origin, Root, RootId, Sources};
    use crate::yaml;

    fn entities(sizes: &[usize]) -> Vec<Packed> {
        let root = Root {
            path: ".".into(),
            repository: None,
        };
        let file = Sources::new(vec![root]).add(RootId(0), "catalog-info.yaml".into());
        let entity = |(number, size): (usize, &usize)| Entity {
            identifier: format!("e{number}"),
            title: None,
            icon: None,
            blueprint: "component".to_owned(),
            team: None,
            properties: BTreeMap::from([("text".to_owned(), json!("x".repeat(*size)))]),
            relations: BTreeMap::new(),
            cleared: Cleared::default(),
            origin: Origin {
                file,
                document: 0,
                line: 1,
            },
        };
        let entities = sizes.iter().enumerate().map(entity);
        entities.map(Packed::from).collect()
    }

    fn identifiers(text: &str) -> Vec<String> {
        let contents = yaml::documents(text).into_iter();
        contents
            .filter_map(|document| document.content.ok())
            .flat_map(|list| list.as_array().cloned().unwrap_or_default())
            .filter_map(|entity: Value| Some(entity["identifier"].as_str()?.to_owned()))
            .collect()
    }

    /// What the measure of an entity may be too much, for a dozen of them.
    const SLACK: usize = 12 * super::SLACK;

    proptest! {
        #[test]
        fn parts_hold_every_entity_once_in_order_and_are_as_full_as_they_can_be(
            sizes in prop::collection::vec(0usize..3000, 1..12),
            is_json: bool,
        ) {
            let format = if is_json { Format::Json } else { Format::Yaml };
            let limit = 4000;
            let entities = entities(&sizes);
            let list: Vec<&Packed> = entities.iter().collect();
            let origin = "Generated by backstage2port.";
            let mut rest = &list[..];
            let mut parts = Vec::new();
            for count in split(&list, origin, format, limit) {
                let (part, others) = rest.split_at(count);
                parts.push((document::entities(part, origin, format), count));
                rest = others;
            }
            prop_assert!(rest.is_empty());
            let mut found = Vec::new();
            for (text, count) in &parts {
                prop_assert!(text.len() <= limit || *count == 1, "{} of {count}", text.len());
                let names = identifiers(text);
                prop_assert_eq!(names.len(), *count);
                found.extend(names);
            }
            let expected: Vec<_> = entities.iter().map(|e| e.identifier().to_owned()).collect();
            prop_assert_eq!(found, expected);
            for pair in parts.windows(2) {
                let both = pair[0].0.len() + pair[1].0.len();
                prop_assert!(both + SLACK > limit, "two parts fit into one: {both}");
            }
        }

        #[test]
        fn no_part_is_the_file_of_another_blueprint(blueprint in "[a-zA-Z0-9+=./-]{1,12}", number in 2usize..300) {
            let path = part_path(&blueprint, number, Format::Yaml);
            let name = path.as_str().strip_prefix(".port/entities/").and_then(|p| p.strip_suffix(".yml"));
            prop_assert_eq!(name.and_then(file_name::identifier), None);
            let first = part_path(&blueprint, 1, Format::Yaml);
            let name = first.as_str().strip_prefix(".port/entities/").and_then(|p| p.strip_suffix(".yml"));
            prop_assert_eq!(name.and_then(file_name::identifier), Some(blueprint));
        }
    }
}
