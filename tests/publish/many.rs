//! Many manifests in one commit, with what it takes.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{BRANCH, Case, LIGHT, component, fsck, paths};
use crate::support::Result;

/// Publishes so many components, one a folder.
fn published(count: usize) -> Result<()> {
    let case = Case::new()?;
    for number in 0..count {
        let name = format!("service-{number}");
        let path = format!("many/{}/{name}/catalog-info.yaml", number % 100);
        case.write(&path, &component(&name, "one of many"))?;
    }
    case.commit()?;
    for what in ["new", "unchanged"] {
        let before = case.tip();
        let mut command = case.command(&case.shop, &[LIGHT]);
        let start = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut peak = String::new();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            // The highest so far; there is none where the system has no such file.
            let of_child = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
            let of_child = of_child.unwrap_or_default();
            if let Some(line) = of_child.lines().find(|line| line.starts_with("VmHWM:")) {
                line.trim_start_matches("VmHWM:")
                    .trim()
                    .clone_into(&mut peak);
            }
            thread::sleep(Duration::from_millis(5));
        };
        println!("{count} manifests, {what}: {:?}, {peak}", start.elapsed());
        assert!(status.success(), "{status}");
        assert_eq!(case.tip() == before, what == "unchanged");
    }
    let manifests = paths(&case.shop, BRANCH)?;
    assert_eq!(manifests.matches("/port.yml\n").count(), count + 2);
    let counted = case.git(&["count-objects", "-v"])?;
    assert!(counted.contains("packs: 1\n"), "{counted}");
    assert_eq!(case.git(&["status", "--porcelain"])?, "");
    fsck(&case.shop)
}

#[test]
fn a_thousand_manifests_are_one_commit() -> Result<()> {
    published(1_000)
}

#[test]
#[ignore = "takes long in a debug build; it measures"]
fn ten_thousand_manifests_are_one_commit() -> Result<()> {
    published(10_000)
}
