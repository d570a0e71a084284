//! The groups and users of a run, by the names they have on git hosts.
//!
//! In: entities, and the mapping of the user. Out: the entity that a code owner stands for. The annotations are those
//! that Backstage's org providers write: `github.com/team-slug` and `github.com/user-login`, `<host>/team-path` and
//! `<host>/user-login` (an address) for GitLab.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::dialect::Dialect;
use crate::backstage::entity_ref::DEFAULT_NAMESPACE;
use crate::backstage::{EntityRef, Packed};

/// Whom code owners can stand for. Names are in small letters, refs canonical.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// What the user says; nothing where that is no entity reference.
    mapped: HashMap<String, Option<String>>,
    refs: HashSet<String>,
    /// Groups and users by what an annotation says of a host.
    teams: HashMap<(Dialect, String), String>,
    logins: HashMap<(Dialect, String), String>,
    addresses: HashMap<String, String>,
    /// Who has such an annotation, and so does not go by the name of the entity on that host.
    named: HashSet<(Dialect, String)>,
}

/// What is known of the entity behind a code owner.
#[derive(Debug)]
pub(super) enum Behind {
    /// The entity.
    Entity(String),
    /// None that is known; it would be one of these.
    Unknown(Vec<String>),
}

impl Known {
    /// Nobody but those of the mapping.
    pub(super) fn new(owners: &BTreeMap<String, String>) -> Self {
        let mapped = owners.iter().map(|(owner, entity_ref)| {
            let parsed = EntityRef::parse(entity_ref, Some("group"), DEFAULT_NAMESPACE);
            let canonical = parsed.ok().map(|parsed| parsed.canonical());
            (owner.to_lowercase(), canonical)
        });
        Self {
            mapped: mapped.collect(),
            ..Self::default()
        }
    }

    /// Learns a group or a user; anything else is passed over. Of two with one name the first counts.
    pub(super) fn add(&mut self, entity_ref: &EntityRef, fields: &Packed) {
        let canonical = entity_ref.canonical();
        let is_group = canonical.starts_with("group:");
        if !is_group && !canonical.starts_with("user:") {
            return;
        }
        let value = fields.fields();
        let at = |path: &[&str]| {
            let (first, rest) = path.split_first()?;
            rest.iter()
                .try_fold(value.get(*first)?, |value, key| value.get(*key))
        };
        let annotations = at(&["metadata", "annotations"]).and_then(Value::as_object);
        for (key, value) in annotations.into_iter().flatten() {
            let (Some((host, name)), Some(value)) = (key.rsplit_once('/'), value.as_str()) else {
                continue;
            };
            let (names, dialect) = match (name, host) {
                ("team-slug", "github.com") if is_group => (&mut self.teams, Dialect::GitHub),
                ("team-path", _) if is_group => (&mut self.teams, Dialect::GitLab),
                ("user-login", "github.com") if !is_group => (&mut self.logins, Dialect::GitHub),
                ("user-login", _) if !is_group => (&mut self.logins, Dialect::GitLab),
                _ => continue,
            };
            let value = value.trim_matches('/');
            let value = match value.rsplit_once('/') {
                Some((_, login)) if !is_group => login,
                _ => value,
            };
            if !value.is_empty() {
                names
                    .entry((dialect, value.to_lowercase()))
                    .or_insert_with(|| canonical.clone());
                self.named.insert((dialect, canonical.clone()));
            }
        }
        let address = at(&["spec", "profile", "email"]).and_then(Value::as_str);
        if let Some(address) = address.filter(|_| !is_group) {
            self.addresses
                .entry(address.to_lowercase())
                .or_insert_with(|| canonical.clone());
        }
        self.refs.insert(canonical);
    }

    /// The entity that a code owner stands for: by the mapping, an annotation or an address, else by its name.
    pub(super) fn behind(&self, owner: &str, dialect: Dialect) -> Behind {
        let written = owner.to_lowercase();
        // How Bitbucket chooses among reviewers does not change who owns.
        let name = match (dialect, written.split_once(':')) {
            (Dialect::Bitbucket, Some((name, _))) => name,
            _ => written.as_str(),
        };
        let mapped = self.mapped.get(&written).or_else(|| self.mapped.get(name));
        let stated = match (mapped, name.strip_prefix('@')) {
            (Some(mapped), _) => return Behind::of(mapped.clone()),
            (None, None) => return Behind::of(self.addresses.get(name).cloned()),
            (None, Some(name)) => {
                let key = (dialect, name.to_owned());
                self.logins.get(&key).or_else(|| self.teams.get(&key))
            }
        };
        if let Some(stated) = stated {
            return Behind::Entity(stated.clone());
        }
        let mut namesakes = namesakes(name.strip_prefix('@').unwrap_or(name), dialect);
        // An entity that says what it is called on the host is not called anything else there.
        namesakes.retain(|one| !self.named.contains(&(dialect, one.clone())));
        match namesakes.iter().find(|one| self.refs.contains(*one)) {
            Some(known) => Behind::Entity(known.clone()),
            None => Behind::Unknown(namesakes),
        }
    }
}

impl Behind {
    fn of(entity: Option<String>) -> Self {
        entity.map_or_else(|| Self::Unknown(Vec::new()), Self::Entity)
    }
}

/// The entities that would be called like a user or team of a host.
fn namesakes(name: &str, dialect: Dialect) -> Vec<String> {
    let of = |kind: &str, name: &str| format!("{kind}:{DEFAULT_NAMESPACE}/{name}");
    let user = (!name.contains('/')).then(|| of("user", name));
    let is_role = dialect == Dialect::GitLab && name.starts_with('@');
    let groups: Vec<String> = match dialect {
        _ if is_role => return Vec::new(),
        Dialect::GitHub | Dialect::Bitbucket => {
            let team = name.rsplit_once('/');
            team.map(|(_, team)| of("group", team))
                .into_iter()
                .collect()
        }
        // Backstage names a group by its path, from the top or from the group it was told to read. Users and groups
        // share their names.
        Dialect::GitLab => {
            let starts = std::iter::once(0).chain(name.match_indices('/').map(|(at, _)| at + 1));
            let names = starts.map(|start| name[start..].replace('/', "-"));
            names.map(|name| of("group", &name)).collect()
        }
    };
    user.into_iter().chain(groups).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{Behind, Known};
    use crate::backstage::{EntityRef, Packed};
    use crate::codeowners::dialect::Dialect;

    type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

    fn known(entities: &[(&str, Value)]) -> Result<Known> {
        let owners = [
            ("@Acme/Guild", "group:far/guild"),
            ("ops@acme.example", "platform"),
            ("@acme/broken", ":"),
        ];
        let owners = owners.map(|(owner, entity)| (owner.to_owned(), entity.to_owned()));
        let mut known = Known::new(&BTreeMap::from(owners));
        for (entity_ref, value) in entities {
            let entity_ref = EntityRef::parse(entity_ref, None, "default")?;
            let fields = value.as_object().ok_or("no map")?;
            known.add(&entity_ref, &Packed::of(fields));
        }
        Ok(known)
    }

    fn annotated(key: &str, value: &str) -> Value {
        json!({"metadata": {"annotations": {key: value}}})
    }

    #[test]
    fn an_owner_is_known_by_mapping_annotation_address_or_name() -> Result<()> {
        let known = known(&[
            ("group:platform", json!({})),
            ("group:shop-web", json!({})),
            (
                "group:far/ops",
                annotated("github.com/team-slug", "Acme/Operations"),
            ),
            (
                "group:core",
                annotated("gitlab.acme.example/team-path", "acme/base/core"),
            ),
            ("user:jane", annotated("github.com/user-login", "jdoe")),
            (
                "user:joe",
                annotated("gitlab.com/user-login", "https://gitlab.com/joe.doe"),
            ),
            (
                "user:kim",
                json!({"spec": {"profile": {"email": "Kim@acme.example"}}}),
            ),
            (
                "component:cart",
                json!({"spec": {"profile": {"email": "cart@acme.example"}}}),
            ),
        ])?;
        for (owner, dialect, expected) in [
            ("@acme/guild", Dialect::GitHub, Some("group:far/guild")),
            (
                "OPS@acme.example",
                Dialect::GitLab,
                Some("group:default/platform"),
            ),
            ("@acme/broken", Dialect::GitHub, None),
            (
                "@acme/platform",
                Dialect::GitHub,
                Some("group:default/platform"),
            ),
            ("@acme/Operations", Dialect::GitHub, Some("group:far/ops")),
            ("@acme/operations", Dialect::GitLab, None),
            ("@acme/ops", Dialect::GitHub, None),
            ("@jdoe", Dialect::GitHub, Some("user:default/jane")),
            ("@jane", Dialect::GitHub, None),
            ("@jane", Dialect::GitLab, Some("user:default/jane")),
            ("@joe.doe", Dialect::GitLab, Some("user:default/joe")),
            ("@platform", Dialect::GitHub, None),
            ("@platform", Dialect::GitLab, Some("group:default/platform")),
            (
                "@acme/base/core",
                Dialect::GitLab,
                Some("group:default/core"),
            ),
            (
                "@acme/shop/web",
                Dialect::GitLab,
                Some("group:default/shop-web"),
            ),
            ("@@owner", Dialect::GitLab, None),
            (
                "kim@ACME.example",
                Dialect::Bitbucket,
                Some("user:default/kim"),
            ),
            ("cart@acme.example", Dialect::GitHub, None),
            (
                "@acme/platform:least_busy(2)",
                Dialect::Bitbucket,
                Some("group:default/platform"),
            ),
            (
                "@teams/platform:all",
                Dialect::Bitbucket,
                Some("group:default/platform"),
            ),
            ("@cart", Dialect::GitHub, None),
        ] {
            let found = match known.behind(owner, dialect) {
                Behind::Entity(entity) => Some(entity),
                Behind::Unknown(_) => None,
            };
            assert_eq!(found.as_deref(), expected, "{owner} {dialect:?}");
        }
        Ok(())
    }
}
