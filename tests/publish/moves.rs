//! How the branch moves, and when it does not: from the first run on, with changes of descriptors, of the base and of
//! people.

use std::fs;

use crate::case::{
    BRANCH, CART, Case, TILL, component, configure, ended, fsck, has, has_not, plain,
};
use crate::support::git::git;
use crate::support::{Result, write};

#[test]
fn the_first_run_makes_one_commit() -> Result<()> {
    let case = Case::new()?;
    // A stash, something staged, and a work tree that is not clean: `publish` sees that all of it stays.
    case.write("README.md", "stashed\n")?;
    case.git(&["stash", "-q"])?;
    case.write("staged", "staged\n")?;
    case.git(&["add", "staged"])?;
    case.write(CART, &component("cart", "not committed"))?;
    case.write("services/new/catalog-info.yaml", &plain("new"))?;
    let (status, stash) = (
        case.git(&["status", "--porcelain"])?,
        case.git(&["stash", "list"])?,
    );

    case.published(&[])?;
    assert_eq!(
        case.differences("main")?,
        "A\t.port/blueprints/component.json\nA\t.port/blueprints/group.json\nA\t.port/mapping/github.yml\n\
         A\tport.yml\nA\tservices/cart/port.yml\nA\tservices/till/port.yml\n"
    );
    has(
        &case.on_branch("services/cart/port.yml")?,
        "description: a cart\n",
    );
    let main = case.id("main")?;
    let message = format!(
        "{main}\nLocal <local@example.com>\nUpdate Port manifests\n\nGenerated-by: backstage2port\nGenerated-from: {main}\n"
    );
    let shown = case.git(&["log", "-1", "--format=%P%n%an <%ae>%n%B", BRANCH])?;
    assert_eq!(shown.trim_end(), message.trim_end());
    assert_eq!(case.git(&["status", "--porcelain"])?, status);
    assert_eq!(case.git(&["stash", "list"])?, stash);
    fsck(&case.shop)
}

#[test]
fn a_second_run_moves_nothing() -> Result<()> {
    let case = Case::new()?;
    let first = case.published(&[])?;
    let objects = case.git(&["count-objects", "-v"])?;
    for arguments in [&[][..], &["--append"], &["--force"], &["-m", "other words"]] {
        case.stays(
            arguments,
            0,
            &format!(
                "Nothing to do: backstage2port/manifests has it all at {}",
                &first[..10]
            ),
        )?;
    }
    assert_eq!(case.git(&["count-objects", "-v"])?, objects);
    case.merge()?;
    case.stays(&[], 0, "Nothing to publish: the base has it all.")?;
    assert_eq!(case.git(&["count-objects", "-v"])?, objects);
    Ok(())
}

#[test]
fn the_branch_follows_the_descriptors() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    // Changed before the merge: still one commit on the base.
    case.change(CART, &component("cart", "another cart"))?;
    case.published(&[])?;
    assert_eq!(case.id(&format!("{BRANCH}^"))?, case.id("main")?);
    has(
        &case.on_branch("services/cart/port.yml")?,
        "description: another cart\n",
    );
    case.merge()?;

    // Changed after it.
    case.change(CART, &component("cart", "a third cart"))?;
    case.published(&[])?;
    assert_eq!(case.differences("main")?, "M\tservices/cart/port.yml\n");

    // Renamed: the entity, then its folder.
    case.change(CART, &component("basket", "a third cart"))?;
    case.published(&[])?;
    let manifest = case.on_branch("services/cart/port.yml")?;
    has(&manifest, "- identifier: basket\n");
    has_not(&manifest, "identifier: cart\n");
    case.git(&["mv", "services/cart", "services/basket"])?;
    case.commit()?;
    case.published(&[])?;
    // The manifest moved along with its folder. It says where its descriptor is, so it changes.
    assert_eq!(case.differences("main")?, "M\tservices/basket/port.yml\n");
    case.merge()?;
    case.git(&["mv", "services/basket/catalog-info.yaml", "services/"])?;
    case.commit()?;
    case.published(&[])?;
    assert_eq!(
        case.differences("main")?,
        "D\tservices/basket/port.yml\nA\tservices/port.yml\n"
    );
    case.merge()?;

    // Removed.
    fs::remove_file(case.shop.join(TILL))?;
    case.commit()?;
    case.published(&[])?;
    assert_eq!(case.differences("main")?, "D\tservices/till/port.yml\n");
    case.merge()?;
    case.stays(&[], 0, "Nothing to publish")?;
    fsck(&case.shop)
}

#[test]
fn a_broken_descriptor_costs_no_entity() -> Result<()> {
    let broken =
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: 'not a name!'}\n";
    for is_merged in [false, true] {
        let case = Case::new()?;
        case.published(&[])?;
        if is_merged {
            case.merge()?;
        }
        let before = case.on_branch("services/cart/port.yml")?;
        case.write(TILL, &component("till", "another till"))?;
        case.change(CART, broken)?;
        let run = case.publish(&[])?;
        // What can be published is, and the run says that something is wrong.
        ended(&run, 1, "Committed to backstage2port/manifests");
        has(&run.stderr, "services/cart/catalog-info.yaml");
        assert_eq!(case.on_branch("services/cart/port.yml")?, before);
        has(&case.on_branch("services/till/port.yml")?, "another till");
        case.stays(&[], 1, "Nothing to do")?;
        // With a mended descriptor the entity is made again.
        case.change(CART, &component("cart", "mended"))?;
        case.published(&[])?;
        has(&case.on_branch("services/cart/port.yml")?, "mended");
    }
    Ok(())
}

#[test]
fn a_base_that_moved_gets_the_commit_on_top() -> Result<()> {
    let case = Case::new()?;
    let first = case.published(&[])?;
    case.change("NEWS.md", "News\n")?;
    let second = case.published(&[])?;
    assert_ne!(first, second);
    assert_eq!(case.id(&format!("{second}^"))?, case.id("main")?);
    assert_eq!(case.git(&["rev-list", "--count", "main..", BRANCH])?, "1\n");
    // Rewritten: our commit is still ours.
    case.git(&["commit", "-q", "--amend", "-m", "rewritten"])?;
    let third = case.published(&[])?;
    assert_eq!(case.id(&format!("{third}^"))?, case.id("main")?);
    Ok(())
}

#[test]
fn commits_of_people_are_not_lost() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    case.change_on(BRANCH, "services/cart/port.yml", "edited\n")?;
    case.change(CART, &component("cart", "changed"))?;
    let theirs = case.id(BRANCH)?;
    let run = case.stays(&[], 2, "commits that backstage2port did not make")?;
    has(&run.stderr, "\"a commit\" by Kim");
    has(&run.stderr, "--append");
    has(&run.stderr, "--force");
    case.stays(
        &["--dry-run"],
        2,
        "commits that backstage2port did not make",
    )?;

    // Theirs has no part in what the base has become.
    let run = case.stays(&["--append"], 2, "moved on")?;
    has(&run.stderr, "git merge");
    case.change("services/new/catalog-info.yaml", &component("new", "late"))?;
    case.merge_base()?;
    let merged = case.id(BRANCH)?;
    assert_ne!(merged, theirs);
    // What a person made of a manifest stays; all else is published on top of it.
    let run = case.publish(&["--append"])?;
    ended(&run, 1, "Committed to backstage2port/manifests");
    has(&run.stderr, "foreign-manifest");
    assert_eq!(case.id(&format!("{BRANCH}^"))?, merged);
    has(&case.on_branch("services/new/port.yml")?, "late");
    assert_eq!(case.on_branch("services/cart/port.yml")?, "edited\n");
    case.stays(&["--append"], 1, "Nothing to do")?;
    // Again without: their commit is still there.
    case.stays(&[], 2, "commits that backstage2port did not make")?;
    let forced = case.published(&["--force"])?;
    assert_eq!(case.id(&format!("{forced}^"))?, case.id("main")?);
    fsck(&case.shop)
}

#[test]
fn commits_are_appended() -> Result<()> {
    let case = Case::new()?;
    let first = case.published(&["--append"])?;
    case.change("NEWS.md", "News\n")?;
    let second = case.published(&["--append", "--message", "more\n\nof it"])?;
    assert_eq!(
        case.git(&["log", "-1", "--format=%P", &second])?,
        format!("{first} {}\n", case.id("main")?)
    );
    // On a base that stays, nothing but the branch is a parent.
    let cart = component("cart", "of the work tree");
    case.write(CART, &cart)?;
    let third = case.published(&["--append", "--worktree"])?;
    assert_eq!(
        case.git(&["log", "-1", "--format=%P", &third])?,
        format!("{second}\n")
    );
    assert_eq!(
        case.git(&["log", "-1", "--format=%s|%b", &second])?.trim(),
        format!(
            "more|of it\n\nGenerated-by: backstage2port\nGenerated-from: {}",
            case.id("main")?
        )
    );
    fsck(&case.shop)
}

#[test]
fn a_branch_in_use_is_refused() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    case.change(CART, &component("cart", "changed"))?;
    let linked = case.path("linked");
    case.git(&["worktree", "add", "-q", linked.as_str(), BRANCH])?;
    let run = case.stays(&[], 2, "is checked out in")?;
    has(&run.stderr, linked.as_str());
    case.stays(&["--force"], 2, "is checked out in")?;
    case.stays(&["--branch", "main"], 2, "is checked out in")?;
    // Set free as the error says.
    git(&linked, &["switch", "-q", "--detach"])?;
    case.published(&[])?;
    assert_eq!(git(&linked, &["status", "--porcelain"])?, "");
    Ok(())
}

#[test]
fn a_repository_without_a_commit_has_no_base() -> Result<()> {
    let case = Case::empty()?;
    case.write(CART, &plain("cart"))?;
    case.stays(&[], 2, "the current branch has no commit yet")?;
    let elsewhere = case.path("elsewhere");
    write(&elsewhere.join(CART), plain("cart").as_bytes())?;
    let run = case.finished(case.command(&elsewhere, &[]))?;
    ended(&run, 2, "is in no git repository");
    git(&elsewhere, &["init", "-q"])?;
    configure(&elsewhere)
}
