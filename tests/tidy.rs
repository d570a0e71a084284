//! What the compiler does not check: the direction of imports and the length of files.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What a module may import, nearest first. Whatever is not here is not allowed; `backstage` and `port` never meet.
const IMPORTS: &[(&str, &[&str])] = &[
    ("main", &["cli", "command", "reporting"]),
    ("reporting", &["report"]),
    (
        "command",
        &[
            "progress",
            "cli",
            "reporting",
            "lib",
            "report",
            "publish",
            "standing",
            "map",
            "port",
            "configuration",
            "judge",
            "backstage",
            "source",
            "diagnostic",
        ],
    ),
    (
        "cli",
        &[
            "reporting",
            "lib",
            "report",
            "publish",
            "standing",
            "render",
            "map",
            "port",
            "configuration",
            "judge",
            "codeowners",
            "backstage",
            "source",
            "diagnostic",
        ],
    ),
    (
        "lib",
        &[
            "progress",
            "report",
            "publish",
            "standing",
            "render",
            "map",
            "port",
            "configuration",
            "judge",
            "codeowners",
            "lint",
            "backstage",
            "diagnostic",
            "source",
            "yaml",
        ],
    ),
    (
        "report",
        &[
            "publish",
            "standing",
            "render",
            "map",
            "port",
            "configuration",
            "judge",
            "backstage",
            "diagnostic",
            "source",
        ],
    ),
    (
        "publish",
        &[
            "standing",
            "render",
            "port",
            "generated",
            "diagnostic",
            "source",
        ],
    ),
    // `yaml` spells documents, and the tests read back what is written.
    (
        "standing",
        &["port", "generated", "diagnostic", "source", "hcl", "yaml"],
    ),
    (
        "render",
        &["port", "generated", "diagnostic", "source", "hcl", "yaml"],
    ),
    (
        "map",
        &["port", "backstage", "diagnostic", "source", "yaml"],
    ),
    (
        "configuration",
        &["judge", "codeowners", "diagnostic", "source", "yaml"],
    ),
    ("judge", &["diagnostic", "source", "yaml"]),
    ("codeowners", &["backstage", "diagnostic", "source"]),
    ("lint", &["backstage", "diagnostic", "source"]),
    ("port", &["diagnostic", "packed", "source", "yaml"]),
    (
        "backstage",
        &["diagnostic", "generated", "packed", "source", "yaml"],
    ),
    ("generated", &[]),
    ("packed", &[]),
    ("hcl", &[]),
    ("progress", &[]),
    ("diagnostic", &["source"]),
    ("source", &["progress", "yaml"]),
    // Spans answer the question "where does this field stand", and a field is a matter of `source`.
    ("yaml", &["source"]),
];

/// The longest a file gets before it no longer fits one reading.
const MAX_LINES: usize = 500;

fn sources() -> Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![Utf8PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8()? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.into_path());
            } else if entry.path().extension() == Some("rs") {
                files.push(entry.into_path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The module of a file: its first folder below `src`, or its name.
fn module(path: &Utf8Path) -> Option<&str> {
    let first = path.components().nth(1)?.as_str();
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

/// The modules of the crate that a text names: by `use`, by path, and in groups. Comments do not count.
fn named(path: &Utf8Path, text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .fold(String::new(), |code, line| code + line + "\n");
    let mut found = BTreeSet::new();
    for start in ["crate::", "backstage2port::"] {
        for (index, _) in code.match_indices(start) {
            let is_whole = !code[..index].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if is_whole {
                first_names(&code[index + start.len()..], &mut found);
            }
        }
    }
    // In the root of the crate, modules are named without `crate`.
    if path == "src/lib.rs" {
        for line in code.lines().filter_map(|line| line.strip_prefix("use ")) {
            first_names(line, &mut found);
        }
    }
    let is_module = |name: &String| IMPORTS.iter().any(|(module, _)| module == name);
    let is_root_item = |name: &String| {
        name.starts_with(char::is_uppercase) || name == "convert" || name == "catalog"
    };
    let modules = found.iter().filter(|name| is_module(name)).cloned();
    let root = found.iter().any(is_root_item).then(|| "lib".to_owned());
    modules.chain(root).collect()
}

/// The first name of a path, or of every path of a group.
fn first_names(path: &str, found: &mut BTreeSet<String>) {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        text.chars()
            .take_while(|char| char.is_alphanumeric() || *char == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        found.insert(name(path));
        return;
    };
    let mut depth = 0;
    let mut part = 0;
    for (index, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' => {
                found.insert(name(&group[part..index]));
                return;
            }
            ',' if depth == 0 => {
                found.insert(name(&group[part..index]));
                part = index + 1;
            }
            _ => {}
        }
    }
}

/// Every import of every file that goes against the direction.
fn against(path: &Utf8Path, text: &str) -> Result<Vec<String>> {
    let module = module(path).ok_or("no module")?;
    let row = IMPORTS.iter().find(|(name, _)| *name == module);
    let (_, allowed) = row.ok_or_else(|| format!("{path}: `{module}` is not in IMPORTS"))?;
    let named = named(path, text).into_iter();
    Ok(named
        .filter(|name| name != module && !allowed.contains(&name.as_str()))
        .collect())
}

#[test]
fn imports_point_one_way() -> Result<()> {
    let mut faults = Vec::new();
    for path in sources()? {
        for name in against(&path, &fs::read_to_string(&path)?)? {
            faults.push(format!("{path} imports `{name}`"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

#[test]
fn an_import_against_the_direction_is_seen() -> Result<()> {
    for (path, text, expected) in [
        (
            "src/port/refine.rs",
            "use crate::backstage::Entity;",
            &["backstage"][..],
        ),
        (
            "src/backstage/read.rs",
            "use crate::{\n    diagnostic::{Code, Error},\n    port,\n};",
            &["port"],
        ),
        (
            "src/source/mod.rs",
            "fn of() -> crate::render::Format {",
            &["render"],
        ),
        ("src/render/mod.rs", "use crate::{Inputs, port};", &["lib"]),
        (
            "src/port/mod.rs",
            "// use crate::backstage;\nuse crate::source::Origin;",
            &[],
        ),
        (
            "src/lib.rs",
            "use backstage::{read, stitch};\nuse cli::Arguments;",
            &["cli"],
        ),
    ] {
        assert_eq!(against(path.into(), text)?, expected, "{path}: {text}");
    }
    Ok(())
}

#[test]
fn every_file_fits_one_reading() -> Result<()> {
    let mut faults = Vec::new();
    for path in sources()? {
        let text = fs::read_to_string(&path)?;
        // Tests are read one at a time.
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = if path.file_name() == Some("tests.rs") {
            0
        } else {
            code.lines().count()
        };
        if lines > MAX_LINES {
            faults.push(format!("{path}: {lines} lines"));
        }
    }
    assert!(
        faults.is_empty(),
        "more than {MAX_LINES} lines: {faults:#?}"
    );
    Ok(())
}
