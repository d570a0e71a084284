//! The arguments that say how the catalog becomes Port's.

use backstage2port::Options;
use backstage2port::diagnostic::Error;
use backstage2port::map::sandbox::Evaluator;
use backstage2port::map::{Owners, Profile};
use backstage2port::port::refine::Refinement;
use camino::Utf8PathBuf;
use clap::{Args, ValueEnum, ValueHint};

/// How the catalog becomes Port's.
#[derive(Debug, Args)]
pub(crate) struct Model {
    /// How kinds become blueprints: the name of a built-in profile, or a folder with blueprints.yaml and mapping.yaml
    #[arg(long, default_value = "standard", value_name = "NAME|DIR", value_hint = ValueHint::AnyPath)]
    profile: String,
    /// Let teams own everything: what a user owns is owned by the groups of the user. A user without a known group stays
    #[arg(long)]
    teams_only: bool,
    /// Keep these parts of blueprints although nothing uses them; repeatable, or a list with commas
    #[arg(long, value_enum, value_name = "PART", value_delimiter = ',')]
    keep_unused: Vec<BlueprintPart>,
    /// Leave properties and relations required that some entities lack. Port refuses such entities
    #[arg(long)]
    keep_required: bool,
    /// Make an enum with colours of this property in every blueprint that has it, such as `type` or `lifecycle`;
    /// repeatable. The enum holds the values in use, so Port refuses the next new value until the blueprint is
    /// written again
    #[arg(long = "enum", value_name = "PROPERTY")]
    enums: Vec<String>,
    /// Take the blueprints in this folder as they are: API bodies in *.json and *.yaml, such as `.port/blueprints` of a
    /// run over all repositories. Entities are held against them, and neither blueprints nor mappings are written. For
    /// repositories that are converted one at a time
    #[arg(
        long,
        value_name = "DIR",
        value_hint = ValueHint::DirPath,
        conflicts_with_all = ["keep_unused", "keep_required", "enums"]
    )]
    blueprints: Option<Utf8PathBuf>,
    /// Leave out kinds that the profile does not map and name them, instead of inferring their blueprints from their
    /// entities
    #[arg(long)]
    no_infer: bool,
}

/// What of a blueprint may go unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BlueprintPart {
    /// Blueprints without entities
    Blueprints,
    /// Properties that no entity has
    Properties,
    /// Relations that no entity has
    Relations,
    All,
}

impl Model {
    /// How the catalog is converted.
    pub(crate) fn options(&self, evaluator: &Evaluator) -> Result<Options, Error> {
        let mut profile = Profile::load_with(&self.profile, evaluator)?;
        if let Some(folder) = &self.blueprints {
            profile.take_blueprints(folder)?;
        }
        Ok(Options {
            refinement: self.refinement(profile.refinement.clone()),
            owners: if self.teams_only {
                Owners::Groups
            } else {
                Owners::AsStated
            },
            infer: !self.no_infer,
            ..Options::with(profile)
        })
    }

    /// How blueprints are refined: as the profile says, unless an argument says otherwise.
    fn refinement(&self, of_profile: Refinement) -> Refinement {
        let is_kept = |part| {
            self.keep_unused.contains(&part) || self.keep_unused.contains(&BlueprintPart::All)
        };
        let mut refinement = of_profile;
        refinement.drop_unused_blueprints &= !is_kept(BlueprintPart::Blueprints);
        refinement.drop_unused_properties &= !is_kept(BlueprintPart::Properties);
        refinement.drop_unused_relations &= !is_kept(BlueprintPart::Relations);
        refinement.relax_required &= !self.keep_required;
        refinement.enums.extend(self.enums.iter().cloned());
        refinement
    }
}
