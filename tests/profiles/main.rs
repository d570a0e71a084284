//! The built-in profiles: what each makes of descriptors, that Port takes it, and that a copy of one does the same.

#[path = "../support/mod.rs"]
mod support;

mod annotations;
mod backstage_import;
mod c4;
mod copies;
mod fit;
mod ocean;
mod standard;
mod teams;

use std::collections::BTreeMap;

use backstage2port::backstage::Mode;
use backstage2port::backstage::discover::Patterns;
use backstage2port::diagnostic::Code;
use backstage2port::map::profile::BUILT_IN;
use backstage2port::map::{Owners, Profile};
use backstage2port::source::Root;
use backstage2port::{Dumps, Inputs, Options, convert};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use support::port::Written;
use support::{Folder, Result, folders};

/// A way to convert.
struct Way {
    options: Options,
    dumps: Vec<Utf8PathBuf>,
}

impl Way {
    /// With a built-in profile, or one in a folder.
    fn of(profile: &str) -> Result<Self> {
        let profile = Profile::load(profile)?;
        Ok(Self {
            options: Options::with(profile),
            dumps: Vec::new(),
        })
    }

    /// With nothing but the kinds that the profile maps.
    fn without_inference(mut self) -> Self {
        self.options.infer = false;
        self
    }

    /// With groups as the only owners.
    fn teams_only(mut self) -> Self {
        self.options.owners = Owners::Groups;
        self
    }

    /// With this catalog dump known, and not converted.
    fn knowing(mut self, dump: Utf8PathBuf) -> Self {
        self.dumps.push(dump);
        self
    }

    fn convert(&self, folder: &Utf8Path) -> Result<Converted> {
        let inputs = Inputs {
            roots: vec![Root {
                path: folder.to_owned(),
                repository: None,
            }],
            patterns: Patterns::new(&[], &[])?,
            revision: None,
            mode: Mode::Tolerant,
            dumps: Dumps {
                paths: self.dumps.clone(),
                are_converted: false,
            },
            codeowners: backstage2port::codeowners::Rules::default(),
            progress: std::sync::Arc::default(),
        };
        let conversion = convert(inputs, &self.options)?;
        let manifests = conversion.manifests.iter();
        let manifests = manifests.map(|manifest| {
            let contents = manifest.contents(&conversion.port).into_owned();
            (manifest.path.clone(), contents)
        });
        let manifests = manifests.collect();
        let findings = conversion.reading.diagnostics.into_iter();
        let findings = findings.map(|found| {
            let help = found.help.unwrap_or_default();
            (found.code, format!("{}; {help}", found.message))
        });
        Ok(Converted {
            findings: findings.collect(),
            manifests,
        })
    }

    /// Converts one descriptor file.
    fn text(&self, descriptors: &str) -> Result<Converted> {
        let folder = Folder::with([("catalog-info.yaml", descriptors)])?;
        self.convert(&folder.path)
    }
}

/// What a conversion made.
struct Converted {
    /// Codes, and messages with their help.
    findings: Vec<(Code, String)>,
    /// Paths and texts.
    manifests: Vec<(Utf8PathBuf, String)>,
}

impl Converted {
    /// The manifests, read as Port does.
    fn written(&self) -> Result<Written> {
        Written::of(self.manifests.iter().cloned())
    }

    /// The entities by blueprint and identifier: `component/shop`.
    fn entities(&self) -> Result<BTreeMap<String, Value>> {
        let entities = self.written()?.entities.into_iter();
        let keyed = entities.map(|entity| {
            let part = |name: &str| entity[name].as_str().unwrap_or_default().to_owned();
            (
                format!("{}/{}", part("blueprint"), part("identifier")),
                entity,
            )
        });
        Ok(keyed.collect())
    }

    fn entity(&self, key: &str) -> Result<Value> {
        let mut entities = self.entities()?;
        let names: Vec<_> = entities.keys().cloned().collect();
        let entity = entities.remove(key);
        entity.ok_or_else(|| format!("no {key} in {names:?}").into())
    }

    /// The messages of a code.
    fn messages(&self, code: Code) -> Vec<&str> {
        let found = self.findings.iter().filter(|(found, _)| *found == code);
        found.map(|(_, message)| message.as_str()).collect()
    }
}

/// The inputs of all fixtures.
fn fixtures() -> Result<Vec<Utf8PathBuf>> {
    let cases = folders(Utf8Path::new("fixtures"))?.into_iter();
    let inputs: Vec<_> = cases.map(|case| case.join("input")).collect();
    let inputs: Vec<_> = inputs.into_iter().filter(|input| input.is_dir()).collect();
    assert!(inputs.len() > 5, "{inputs:?}");
    Ok(inputs)
}

fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|profile| profile.name)
}

/// A document of a kind in the namespace `default`: its name, more metadata and its spec, each as flow YAML.
fn document(kind: &str, metadata: &str, spec: &str) -> String {
    let version = match kind {
        "Template" => "scaffolder.backstage.io/v1beta3",
        _ => "backstage.io/v1alpha1",
    };
    format!(
        "---\napiVersion: {version}\nkind: {kind}\nmetadata: {{{metadata}}}\nspec: {{{spec}}}\n"
    )
}
