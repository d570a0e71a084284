//! Where `publish` works: bare repositories, linked work trees, shallow clones, folders of a repository, and what it reads
//! and commits to there.

use std::fs;

use crate::case::{
    BRANCH, CART, Case, component, configure, ended, fsck, has, has_not, id, paths, plain,
};
use crate::support::git::git;
use crate::support::{Result, write};

#[test]
fn a_bare_repository_is_published_in() -> Result<()> {
    let case = Case::new()?;
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--bare", "shop", "bare.git"])?;
    let bare = case.path("bare.git");
    configure(&bare)?;
    let run = case.finished(case.command(parent, &["bare.git"]))?;
    ended(&run, 0, "Committed to backstage2port/manifests");
    let run = case.finished(case.command(parent, &["bare.git"]))?;
    ended(&run, 0, "Nothing to do");
    // The very same files as those of the work tree.
    case.published(&[])?;
    let tree = |folder| git(folder, &["rev-parse", &format!("{BRANCH}^{{tree}}")]);
    assert_eq!(tree(&bare)?, tree(&case.shop)?);
    fsck(&bare)?;

    // Inside of it, and to the branch that is its HEAD, which nobody has checked out.
    let run = case.finished(case.command(&bare, &["--branch", "main", "--base", "main"]))?;
    ended(&run, 0, "Committed to main");
    has(&paths(&bare, "main")?, "services/cart/port.yml\n");
    let run = case.finished(case.command(&bare, &["--worktree"]))?;
    ended(&run, 2, "is a bare repository");
    Ok(())
}

#[test]
fn a_linked_work_tree_has_a_head_of_its_own() -> Result<()> {
    let case = Case::new()?;
    let linked = case.path("linked");
    case.git(&["worktree", "add", "-q", "-b", "feature", linked.as_str()])?;
    write(
        &linked.join(CART),
        component("cart", "a feature").as_bytes(),
    )?;
    crate::support::git::commit(&linked)?;
    let run = case.finished(case.command(&linked, &[]))?;
    ended(&run, 0, "Committed to backstage2port/manifests");
    assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id("feature")?);
    has(&case.on_branch("services/cart/port.yml")?, "a feature");
    assert_eq!(git(&linked, &["status", "--porcelain"])?, "");
    Ok(())
}

#[test]
fn a_shallow_clone_is_published_in() -> Result<()> {
    let case = Case::new()?;
    case.change("NEWS.md", "News\n")?;
    let url = format!("file://{}", case.shop);
    let parent = case.folder.path.as_path();
    git(parent, &["clone", "-q", "--depth", "1", &url, "shallow"])?;
    let shallow = case.path("shallow");
    configure(&shallow)?;
    for said in ["Committed to", "Nothing to do"] {
        let run = case.finished(case.command(&shallow, &[]))?;
        ended(&run, 0, said);
    }
    // The base moves in the clone, and our commit is known to be ours.
    write(&shallow.join(CART), component("cart", "changed").as_bytes())?;
    crate::support::git::commit(&shallow)?;
    let run = case.finished(case.command(&shallow, &[]))?;
    ended(&run, 0, "Committed to");
    assert_eq!(id(&shallow, &format!("{BRANCH}^"))?, id(&shallow, "HEAD")?);
    // As pipelines check out.
    git(&shallow, &["switch", "-q", "--detach"])?;
    let run = case.finished(case.command(&shallow, &[]))?;
    ended(&run, 0, "Nothing to do");
    let run = case.finished(case.command(&shallow, &["--base", "HEAD~5"]))?;
    ended(&run, 2, "git fetch --unshallow");
    fsck(&shallow)
}

#[test]
fn a_folder_of_a_repository_is_a_root() -> Result<()> {
    let case = Case::new()?;
    let expected = "A\tservices/cart/.port/blueprints/component.json\n\
                    A\tservices/cart/.port/blueprints/group.json\n\
                    A\tservices/cart/.port/mapping/github.yml\n\
                    A\tservices/cart/port.yml\n";
    case.published(&["services/cart"])?;
    assert_eq!(case.differences("main")?, expected);
    let first = case.id(BRANCH)?;
    // The same from inside, from the work tree as well.
    let cart = case.shop.join("services/cart");
    for arguments in [&[][..], &["--worktree"]] {
        let run = case.finished(case.command(&cart, arguments))?;
        ended(&run, 0, "Nothing to do");
    }
    assert_eq!(case.id(BRANCH)?, first);
    // Merged, changed, removed: the same paths are found again.
    case.merge()?;
    case.change(CART, &plain("cart"))?;
    case.published(&["services/cart"])?;
    assert_eq!(case.differences("main")?, "M\tservices/cart/port.yml\n");
    has(
        &case.on_branch("services/cart/port.yml")?,
        "description: null\n",
    );
    Ok(())
}

#[test]
fn roots_share_one_commit_if_they_share_a_repository() -> Result<()> {
    let case = Case::new()?;
    case.published(&["services/till", "services/cart"])?;
    let differences = case.differences("main")?;
    for path in ["services/cart/port.yml", "services/till/port.yml"] {
        has(&differences, &format!("A\t{path}\n"));
    }
    has_not(&differences, "A\tport.yml");
    case.stays(&["services/till", "services/cart"], 0, "Nothing to do")?;
    // One root that is named twice is one root.
    case.stays(
        &["services/till", "services/till/.", "services/cart"],
        0,
        "Nothing to do",
    )?;

    let other = Case::new()?;
    let run = case.stays(&[".", other.shop.as_str()], 2, "are not in one repository")?;
    has(&run.stderr, other.shop.as_str());
    assert!(other.tip().is_none());
    let nowhere = case.path("nowhere");
    fs::create_dir(&nowhere)?;
    case.stays(&[".", nowhere.as_str()], 2, "are not in one repository")?;
    case.stays(&["no/such/folder"], 2, "no/such/folder")?;
    Ok(())
}

#[test]
fn the_base_is_read_and_the_work_tree_on_request() -> Result<()> {
    let case = Case::new()?;
    case.git(&["switch", "-q", "-c", "old"])?;
    case.git(&["switch", "-q", "main"])?;
    case.change(CART, &component("cart", "newer"))?;
    case.write(CART, &component("cart", "newest"))?;
    let manifest = || case.on_branch("services/cart/port.yml");

    case.published(&["--base", "old"])?;
    assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id("old")?);
    has(&manifest()?, "a cart\n");
    case.published(&[])?;
    assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id("main")?);
    has(&manifest()?, "newer\n");
    case.published(&["--worktree"])?;
    has(&manifest()?, "newest\n");
    // The commit has manifests and nothing else of the work tree.
    assert_eq!(case.git(&["diff", "main", BRANCH, "--", CART])?, "");
    case.published(&["--base", "main~1"])?;
    assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id("old")?);

    case.stays(&["--rev", "main"], 2, "name it with --base, not with --rev")?;
    case.stays(
        &["--base", "nowhere"],
        2,
        "there is no such branch, tag or commit",
    )?;
    case.stays(&["--base", "main:README.md"], 2, "it names no commit")?;
    case.stays(&["--branch", "a..b"], 2, "git does not allow this name")?;
    Ok(())
}
