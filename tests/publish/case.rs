//! The repository that the tests publish in, and runs of the binary that touch nothing but their branch.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::support::git::git;
use crate::support::{self, Folder, Result, Run, binary, finished, tree, write};

pub(crate) const BRANCH: &str = "backstage2port/manifests";

pub(crate) const CART: &str = "services/cart/catalog-info.yaml";
pub(crate) const TILL: &str = "services/till/catalog-info.yaml";
const GROUP: &str = "\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: checkout}
spec: {type: team, children: []}
";

/// A profile of short expressions: where there are many runs or entities, mapping is not what counts.
pub(crate) const LIGHT: &str = "--profile=ocean";

/// A descriptor.
pub(crate) fn component(name: &str, description: &str) -> String {
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}, description: {description}}}\n\
         spec: {{type: service, lifecycle: production, owner: checkout}}\n"
    )
}

/// A descriptor without a description.
pub(crate) fn plain(name: &str) -> String {
    component(name, "x").replace(", description: x", "")
}

/// The repository `shop` with two components and their group on `main`, and whatever a test puts beside it.
pub(crate) struct Case {
    pub(crate) folder: Folder,
    pub(crate) shop: Utf8PathBuf,
}

impl Case {
    pub(crate) fn new() -> Result<Self> {
        let case = Self::empty()?;
        case.write(CART, &component("cart", "a cart"))?;
        case.write(TILL, &component("till", "a till"))?;
        case.write("catalog-info.yaml", GROUP)?;
        case.write("README.md", "Shop\n")?;
        case.commit()?;
        Ok(case)
    }

    /// Without a commit.
    pub(crate) fn empty() -> Result<Self> {
        let folder = Folder::new()?;
        let shop = folder.path.join("shop");
        fs::create_dir_all(&shop)?;
        fs::create_dir_all(folder.path.join("home"))?;
        git(&shop, &["init", "-q", "-b", "main"])?;
        configure(&shop)?;
        Ok(Self { folder, shop })
    }

    pub(crate) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.path.join(name)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Result<String> {
        git(&self.shop, arguments)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> Result<()> {
        write(&self.shop.join(path), text.as_bytes())
    }

    /// Commits all that is in the work tree.
    pub(crate) fn commit(&self) -> Result<()> {
        support::git::commit(&self.shop)
    }

    /// Writes a file and commits it.
    pub(crate) fn change(&self, path: &str, text: &str) -> Result<()> {
        self.write(path, text)?;
        self.commit()
    }

    /// Commits a file on a branch that is not the current one, as somebody else.
    pub(crate) fn change_on(&self, branch: &str, path: &str, text: &str) -> Result<()> {
        let folder = self.path("elsewhere");
        self.git(&["worktree", "add", "-q", folder.as_str(), branch])?;
        write(&folder.join(path), text.as_bytes())?;
        support::git::commit(&folder)?;
        self.git(&["worktree", "remove", folder.as_str()])?;
        Ok(())
    }

    /// Merges `main` into the branch, as a person would.
    pub(crate) fn merge_base(&self) -> Result<()> {
        let folder = self.path("elsewhere");
        self.git(&["worktree", "add", "-q", folder.as_str(), BRANCH])?;
        git(&folder, &["merge", "-q", "--no-edit", "main"])?;
        self.git(&["worktree", "remove", folder.as_str()])?;
        Ok(())
    }

    /// Merges the branch, as its pull request would.
    pub(crate) fn merge(&self) -> Result<()> {
        self.git(&["merge", "-q", "--no-edit", BRANCH])?;
        Ok(())
    }

    /// A run of the binary that is to be made, with a configuration of its own.
    pub(crate) fn command(&self, cwd: &Utf8Path, arguments: &[&str]) -> Command {
        let mut command = binary(cwd);
        isolate(&mut command, &self.path("home"));
        command.arg("publish").args(arguments);
        command
    }

    /// Publishes in the repository. Whatever becomes of it, nothing else may change.
    pub(crate) fn publish(&self, arguments: &[&str]) -> Result<Run> {
        self.finished(self.command(&self.shop, arguments))
    }

    /// The same for a run that was made elsewhere.
    pub(crate) fn finished(&self, mut command: Command) -> Result<Run> {
        let before = untouchable(&self.shop)?;
        let run = finished(&mut command)?;
        let after = untouchable(&self.shop)?;
        let names = |files: &BTreeMap<_, _>| files.keys().cloned().collect::<Vec<Utf8PathBuf>>();
        assert_eq!(names(&after), names(&before), "{}", run.shown());
        assert!(after == before, "a file was changed: {}", run.shown());
        Ok(run)
    }

    /// Publishes, which must end well and move the branch. Out: the new commit.
    pub(crate) fn published(&self, arguments: &[&str]) -> Result<String> {
        let before = self.tip();
        let run = self.publish(arguments)?;
        ended(&run, 0, "Committed to backstage2port/manifests");
        let after = self.id(BRANCH)?;
        assert_ne!(before, Some(after.clone()), "{}", run.shown());
        Ok(after)
    }

    /// Publishes, which must end like this and leave the branch where it is.
    pub(crate) fn stays(&self, arguments: &[&str], code: i32, said: &str) -> Result<Run> {
        let before = self.tip();
        let run = self.publish(arguments)?;
        ended(&run, code, said);
        assert_eq!(self.tip(), before, "{}", run.shown());
        Ok(run)
    }

    /// The commit that a revision names.
    pub(crate) fn id(&self, revision: &str) -> Result<String> {
        id(&self.shop, revision)
    }

    /// The commit of the branch, if there is one.
    pub(crate) fn tip(&self) -> Option<String> {
        self.id(BRANCH).ok()
    }

    /// A file of the branch.
    pub(crate) fn on_branch(&self, path: &str) -> Result<String> {
        self.git(&["show", &format!("{BRANCH}:{path}")])
    }

    /// How the files of the branch differ from those of a revision: a letter and a path, a line each.
    pub(crate) fn differences(&self, revision: &str) -> Result<String> {
        self.git(&["diff", "--name-status", "--no-renames", revision, BRANCH])
    }
}

/// What no run may take from the machine.
pub(crate) fn isolate(command: &mut Command, home: &Utf8Path) {
    // Git reads the variables, its library reads the folders.
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0");
    for role in ["AUTHOR", "COMMITTER"] {
        for part in ["NAME", "EMAIL", "DATE"] {
            command.env_remove(format!("GIT_{role}_{part}"));
        }
    }
    for name in ["EMAIL", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
}

/// Who commits in a repository, and that nothing else happens there.
pub(crate) fn configure(repository: &Utf8Path) -> Result<()> {
    git(repository, &["config", "gc.auto", "0"])?;
    git(repository, &["config", "user.name", "Local"])?;
    git(repository, &["config", "user.email", "local@example.com"])?;
    Ok(())
}

/// The commit that a revision names.
pub(crate) fn id(folder: &Utf8Path, revision: &str) -> Result<String> {
    let commit = format!("{revision}^{{commit}}");
    let found = git(folder, &["rev-parse", "--verify", "-q", &commit])?;
    Ok(found.trim().to_owned())
}

/// The paths of the files of a revision, a line each.
pub(crate) fn paths(folder: &Utf8Path, revision: &str) -> Result<String> {
    git(folder, &["ls-tree", "-r", "--name-only", revision])
}

pub(crate) fn fsck(folder: &Utf8Path) -> Result<()> {
    git(folder, &["fsck", "--strict", "--no-dangling"])?;
    Ok(())
}

/// Asserts how a run ended, and a part of what it said.
#[track_caller]
pub(crate) fn ended(run: &Run, code: i32, said: &str) {
    assert_eq!(run.code, code, "{}", run.shown());
    let is_said = run.stdout.contains(said) || run.stderr.contains(said);
    assert!(is_said, "not said: {said}\n{}", run.shown());
}

/// Asserts that a text has another one in it.
#[track_caller]
pub(crate) fn has(text: &str, part: &str) {
    assert!(text.contains(part), "not there: {part}\n{text}");
}

/// Asserts that a text does not have another one in it.
#[track_caller]
pub(crate) fn has_not(text: &str, part: &str) {
    assert!(!text.contains(part), "there: {part}\n{text}");
}

/// The work tree, the index, the stash, HEAD, the configuration and every branch but ours.
fn untouchable(repository: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Vec<u8>>> {
    let mut files = tree(repository)?;
    files.retain(|path, _| {
        !path.starts_with(".git/objects") && !path.as_str().contains("/backstage2port/")
    });
    Ok(files)
}
