//! What earlier runs left, on the base and on the branch: nulls, manifests without a source, and files of others.

use std::fs;

use crate::case::{BRANCH, CART, Case, TILL, component, ended, has, has_not, plain};
use crate::support::Result;

#[test]
fn what_an_entity_lost_becomes_null_and_stays_so() -> Result<()> {
    for is_merged in [false, true] {
        let case = Case::new()?;
        case.published(&[])?;
        if is_merged {
            case.merge()?;
        }
        let manifest = || case.on_branch("services/cart/port.yml");
        has(&manifest()?, "description: a cart\n");
        case.change(CART, &plain("cart"))?;
        case.published(&[])?;
        has(&manifest()?, "description: null\n");
        case.stays(&[], 0, "Nothing to do")?;
        // The base moves, and the branch is made anew: the null must not be forgotten.
        case.change("NEWS.md", "News\n")?;
        case.published(&[])?;
        has(&manifest()?, "description: null\n");
        case.published(&["--compact"])?;
        has_not(&manifest()?, "description");
        if is_merged {
            // The base still says what it was, and Port has it from there.
            case.published(&[])?;
            has(&manifest()?, "description: null\n");
        } else {
            case.stays(&[], 0, "Nothing to do")?;
        }
    }
    Ok(())
}

#[test]
fn nulls_of_the_base_stay_until_they_are_compacted() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    case.change(CART, &plain("cart"))?;
    case.published(&[])?;
    case.merge()?;
    case.stays(&[], 0, "Nothing to publish")?;
    case.published(&["--compact"])?;
    assert_eq!(case.differences("main")?, "M\tservices/cart/port.yml\n");
    has_not(&case.on_branch("services/cart/port.yml")?, "null");
    case.merge()?;
    case.stays(&[], 0, "Nothing to publish")?;
    case.stays(&["--compact"], 0, "Nothing to publish")?;
    Ok(())
}

#[test]
fn what_the_branch_alone_has_vanishes_with_its_source() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    fs::remove_file(case.shop.join(TILL))?;
    case.commit()?;
    case.published(&[])?;
    has_not(
        &crate::case::paths(&case.shop, BRANCH)?,
        "services/till/port.yml",
    );
    Ok(())
}

#[test]
fn files_of_others_stay() -> Result<()> {
    let case = Case::new()?;
    case.published(&[])?;
    case.merge()?;
    // One of ours that somebody changed, one that was never ours, and one of ours without a source.
    let edited = fs::read_to_string(case.shop.join("services/cart/port.yml"))?
        .replace("a cart", "a better cart");
    case.write("services/cart/port.yml", &edited)?;
    case.write("services/new/port.yml", "- identifier: mine\n")?;
    case.write("services/new/catalog-info.yaml", &plain("new"))?;
    case.write("services/other/port.yml", "- identifier: theirs\n")?;
    case.write(CART, &component("cart", "changed"))?;
    case.write(TILL, &component("till", "changed"))?;
    case.commit()?;
    let run = case.publish(&[])?;
    ended(&run, 1, "Committed to backstage2port/manifests");
    has(
        &run.stdout,
        "Left alone 1 file that this tool did not write.",
    );
    has(&run.stdout, "Left alone 1 file that was changed by hand.");
    has(&run.stderr, "foreign-manifest");
    has(&run.stderr, "edited-manifest");
    assert_eq!(case.differences("main")?, "M\tservices/till/port.yml\n");

    let run = case.publish(&["--overwrite"])?;
    ended(&run, 1, "Committed to backstage2port/manifests");
    has_not(&run.stderr, "edited-manifest");
    assert_eq!(
        case.differences("main")?,
        "M\tservices/cart/port.yml\nM\tservices/till/port.yml\n"
    );
    Ok(())
}

#[test]
fn many_removals_are_held_back() -> Result<()> {
    let case = Case::new()?;
    for number in 0..8 {
        let name = format!("service-{number}");
        case.write(
            &format!("many/{name}/catalog-info.yaml"),
            &component(&name, "one of many"),
        )?;
    }
    case.commit()?;
    case.published(&[])?;
    case.merge()?;
    for number in 0..6 {
        fs::remove_dir_all(case.shop.join(format!("many/service-{number}")))?;
    }
    // The descriptors are gone, their manifests are not.
    case.git(&["checkout", "-q", "HEAD", "--", "many/*/port.yml"])?;
    case.write(CART, &component("cart", "changed"))?;
    case.commit()?;
    let body = case.path("body.md");
    let run = case.stays(&["--pr-body", body.as_str()], 1, "Published nothing.")?;
    has(&run.stdout, "Held back 7 changes");
    has(&run.stderr, "too-many-removals");
    has(&run.stderr, "--allow-removals");
    assert!(!body.exists());
    case.stays(&["--fail-on", "never"], 1, "Published nothing.")?;
    let run = case.stays(&["--format", "json"], 1, "\"status\": \"blocked\"")?;
    has(&run.stdout, "\"commit\": null");

    case.published(&["--allow-removals"])?;
    let differences = case.differences("main")?;
    assert_eq!(differences.matches("D\tmany/").count(), 6, "{differences}");
    has(&differences, "M\tservices/cart/port.yml\n");
    Ok(())
}
