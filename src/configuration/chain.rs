//! The files of a configuration: the one that was found or named, those that it extends, and so on.
//!
//! In: the first file. Out: its values over those of the files it extends. Paths in a file start at the folder of the file.
//! A file inside the repository is read as the repository is, from the disk or from a revision, and not through symbolic
//! links; one outside it, such as the defaults of an organisation in a checkout of their own, is read from the disk.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::layer::{self, At, Found, Layer};
use super::{Configuration, Fault, Keys, MISNOMERS, NAMES, Refused, Setting, Takes};
use crate::source::{Around, FieldPath};
use crate::yaml::spans::Spans;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// How many files may extend one another in a row.
const MAX_DEPTH: usize = 10;
/// How many files are read in all.
const MAX_FILES: usize = 50;

/// A file of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum File {
    /// In the repository, by its path from the top.
    Inside(Utf8PathBuf),
    /// On the disk, as a user would type it.
    Outside(Utf8PathBuf),
}

/// Reads the files of a configuration.
pub(super) struct Chain<'a> {
    around: Option<&'a Around>,
    keys: &'a Keys<'a>,
    /// The files that extend one another, down to the one that is being read.
    open: Vec<File>,
    files: usize,
    layers: Vec<(Utf8PathBuf, Layer)>,
    faults: Vec<Fault>,
}

impl<'a> Chain<'a> {
    /// `around` is the repository of the first file, where that was found in one.
    pub(super) fn new(around: Option<&'a Around>, keys: &'a Keys<'a>) -> Self {
        Self {
            around,
            keys,
            open: Vec::new(),
            files: 0,
            layers: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Reads the first file and all that it extends.
    pub(super) fn read(mut self, first: &File) -> Result<Configuration, Refused> {
        match self.found(first) {
            Ok((file, bytes)) => self.file(file, bytes),
            Err(message) => self.faults.push(whole(self.typed(first), message)),
        }
        if self.faults.is_empty() {
            Ok(merged(self.layers, self.keys))
        } else {
            Err(Refused(self.faults))
        }
    }

    /// One file, and then those that it extends: nearest first.
    fn file(&mut self, file: File, bytes: Vec<u8>) {
        self.files += 1;
        let typed = self.typed(&file);
        let Ok(text) = String::from_utf8(bytes) else {
            let message = "the configuration is not UTF-8".to_owned();
            return self.faults.push(whole(typed, message));
        };
        let (mut layer, document, mut faults) = layer::parse(&text, self.keys);
        self.place_paths(&mut layer, &file);
        let extends = std::mem::take(&mut layer.extends);
        self.layers.push((typed.clone(), layer));
        self.open.push(file);
        let own = self.faults.len();
        // Of two files the later one is nearer.
        for (path, at) in extends.into_iter().rev() {
            if let Err(found) = self.extend(&path, &at) {
                faults.push(found);
            }
        }
        let file = self.open.pop();
        let is_shown = self.around.is_none() || matches!(file, Some(File::Inside(_)));
        let faults = placed(&typed, &text, document, is_shown, faults);
        self.faults.splice(own..own, faults);
    }

    fn extend(&mut self, path: &str, at: &FieldPath) -> Result<(), Found> {
        let fault = |message: String| Found {
            at: At::Value(at.clone()),
            message,
            help: None,
        };
        if self.open.len() >= MAX_DEPTH || self.files >= MAX_FILES {
            return Err(fault(format!(
                "that is too much to extend: at most {MAX_DEPTH} files in a row, and {MAX_FILES} in all"
            )));
        }
        let named = self.next_to_open(path);
        let found = self.found(&named);
        let (file, bytes) = found.map_err(|message| fault(format!("`{path}`: {message}")))?;
        if let Some(start) = self.open.iter().position(|open| *open == file) {
            let circle = self.open[start..].iter().chain([&file]);
            let circle: Vec<String> = circle.map(|file| self.typed(file).to_string()).collect();
            let circle = circle.join(" -> ");
            return Err(fault(format!("the configuration extends itself: {circle}")));
        }
        self.file(file, bytes);
        Ok(())
    }

    /// The file that a path in the innermost open file names.
    fn next_to_open(&self, path: &str) -> File {
        let path = Utf8Path::new(path);
        match self.open.last() {
            Some(File::Inside(own)) if !path.is_absolute() => {
                let folder = own.parent().unwrap_or(Utf8Path::new(""));
                let path = normal(&folder.join(path));
                if path.starts_with("..") {
                    let top = self.around.map_or(Utf8Path::new(""), |around| &around.top);
                    File::Outside(normal(&top.join(path)))
                } else {
                    File::Inside(path)
                }
            }
            Some(File::Outside(own)) => {
                let folder = own.parent().unwrap_or(Utf8Path::new(""));
                File::Outside(normal(&folder.join(path)))
            }
            _ => File::Outside(normal(path)),
        }
    }

    /// The bytes of a file; of the configuration in it, if it is a folder.
    fn found(&self, file: &File) -> Result<(File, Vec<u8>), String> {
        let missing = || "there is no such file or folder".to_owned();
        let own = match self.bytes(file) {
            Ok(Some(bytes)) => return Ok((file.clone(), bytes)),
            Ok(None) => missing(),
            Err(error) => in_words(&error),
        };
        let below = |name: &&str| match file {
            File::Inside(folder) => File::Inside(folder.join(name)),
            File::Outside(folder) => File::Outside(folder.join(name)),
        };
        let mut there = NAMES.iter().map(below).filter_map(|file| {
            let bytes = self.bytes(&file).ok()??;
            Some((file, bytes))
        });
        match (there.next(), there.next()) {
            (Some(_), Some(_)) => Err(both()),
            (Some(found), None) => Ok(found),
            _ => Err(own),
        }
    }

    fn bytes(&self, file: &File) -> io::Result<Option<Vec<u8>>> {
        match (file, self.around) {
            (File::Inside(path), Some(around)) => around.read(path, MAX_BYTES),
            (File::Inside(path) | File::Outside(path), _) => on_disk(path),
        }
    }

    fn typed(&self, file: &File) -> Utf8PathBuf {
        match (file, self.around) {
            (File::Inside(path), Some(around)) => around.typed(path),
            (File::Inside(path) | File::Outside(path), _) => path.clone(),
        }
    }

    /// Lets the paths of a file start where the run starts.
    fn place_paths(&self, layer: &mut Layer, file: &File) {
        let typed = self.typed(file);
        let folder = typed.parent().unwrap_or(Utf8Path::new(""));
        for key in &self.keys.keys {
            let is_path = |text: &str| match key.takes {
                Takes::Path => true,
                Takes::NameOrPath(_) => text.contains(['/', '\\']),
                _ => false,
            };
            let values = layer.values.get_mut(&key.name).into_iter().flatten();
            for value in values.filter(|value| is_path(value)) {
                let placed = normal(&folder.join(&*value));
                // A folder is told from a name by its slash.
                let is_name = matches!(key.takes, Takes::NameOrPath(_));
                let is_bare = is_name && !placed.as_str().contains('/');
                *value = if is_bare {
                    format!("./{placed}")
                } else {
                    placed.into_string()
                };
            }
        }
    }
}

/// The configuration in a folder of a repository, by its path from the top.
pub(super) fn in_folder(
    around: &Around,
    folder: &Utf8Path,
) -> Result<Option<Utf8PathBuf>, Refused> {
    let fault = |path: &Utf8Path, message| Refused(vec![whole(around.typed(path), message)]);
    let mut found = None;
    for path in NAMES.map(|name| folder.join(name)) {
        // What it holds is looked at later, so no limit is needed to see that it is there.
        match around.read(&path, 0) {
            Ok(None) => {}
            Err(error) if error.kind() != io::ErrorKind::FileTooLarge => {
                return Err(fault(&path, in_words(&error)));
            }
            _ if found.is_some() => return Err(fault(&path, both())),
            _ => found = Some(path),
        }
    }
    for path in MISNOMERS.map(|name| folder.join(name)) {
        if !matches!(around.read(&path, 0), Ok(None)) {
            let message = format!("a configuration is called `{}`: rename this file", NAMES[0]);
            return Err(fault(&path, message));
        }
    }
    Ok(found)
}

fn both() -> String {
    let [first, second] = NAMES;
    format!("`{first}` and `{second}` are both there: keep one of them")
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::FileTooLarge => "a configuration of more than 1 MiB is not read".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

/// A file that is not of the repository. What is no file, such as a pipe, could keep the run waiting.
fn on_disk(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    Ok(Some(bytes))
}

/// A path without `.`, and with `..` only where it begins.
fn normal(path: &Utf8Path) -> Utf8PathBuf {
    let mut normal = Utf8PathBuf::new();
    for part in path.components() {
        match (part, normal.components().next_back()) {
            (Utf8Component::CurDir, _)
            | (Utf8Component::ParentDir, Some(Utf8Component::RootDir)) => {}
            (Utf8Component::ParentDir, Some(Utf8Component::Normal(_))) => {
                normal.pop();
            }
            (part, _) => normal.push(part),
        }
    }
    normal
}

fn whole(file: Utf8PathBuf, message: String) -> Fault {
    Fault {
        file,
        text: None,
        at: None,
        position: None,
        message,
        help: None,
    }
}

/// The faults of one file with their places, from its top to its bottom.
fn placed(
    file: &Utf8Path,
    text: &str,
    document: usize,
    is_shown: bool,
    found: Vec<Found>,
) -> Vec<Fault> {
    if found.is_empty() {
        return Vec::new();
    }
    let spans = Spans::of(text);
    let shown: Option<Rc<str>> = is_shown.then(|| text.into());
    let faults = found.into_iter().map(|found| {
        let at = found.at.span(document, &spans);
        let position = at.as_ref().and_then(|at| position(text, at.start));
        Fault {
            file: file.to_owned(),
            text: shown.clone(),
            at,
            position,
            message: found.message,
            help: found.help,
        }
    });
    let mut faults: Vec<Fault> = faults.collect();
    faults.sort_by_key(|fault| fault.position.map_or((usize::MAX, 0), |position| position));
    faults
}

/// Line and column of an offset, from 1; the column counts characters.
fn position(text: &str, offset: usize) -> Option<(usize, usize)> {
    let before = text.get(..offset)?;
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Some((line, before.get(start..)?.chars().count() + 1))
}

/// Every value of the nearest file that has one. What cannot stand beside it is passed over in the files behind.
fn merged(layers: Vec<(Utf8PathBuf, Layer)>, keys: &Keys<'_>) -> Configuration {
    let mut configuration = Configuration::default();
    let mut values: BTreeMap<String, Setting> = BTreeMap::new();
    let mut check = None;
    let mut has_codeowners = false;
    for (file, layer) in layers {
        let excluded: Vec<&str> = keys
            .keys
            .iter()
            .flat_map(|key| key.excludes.iter().map(|other| (key.name.as_str(), other)))
            .flat_map(|(key, other)| [(key, other.as_str()), (other.as_str(), key)])
            .filter(|(key, _)| {
                let setting = values.get(*key);
                setting.is_some_and(|it| !it.values.is_empty() && it.is_on())
            })
            .map(|(_, other)| other)
            .collect();
        let free = layer
            .values
            .into_iter()
            .filter(|(key, _)| !values.contains_key(key) && !excluded.contains(&key.as_str()))
            .map(|(key, values)| {
                let file = file.clone();
                (key, Setting { values, file })
            });
        let free: Vec<_> = free.collect();
        values.extend(free);
        for (code, level) in layer.severities {
            configuration.severities.entry(code).or_insert(level);
        }
        if let Some(codeowners) = layer.codeowners {
            has_codeowners = true;
            check = check.or(codeowners.check);
            for (owner, entity) in codeowners.owners {
                let known = &mut configuration.codeowners.owners;
                known.entry(owner).or_insert(entity);
            }
        }
        if !configuration.files.contains(&file) {
            configuration.files.push(file);
        }
    }
    configuration.codeowners.is_checked = has_codeowners && check.unwrap_or(true);
    values.retain(|_, setting| !setting.values.is_empty());
    configuration.values = values;
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Key;
    use crate::diagnostic::{Code, Severity};
    use crate::judge::Level;

    fn keys() -> Keys<'static> {
        let key = |name: &str, takes, is_list, excludes: &[&str]| Key {
            name: name.to_owned(),
            about: String::new(),
            takes,
            is_list,
            excludes: excludes.iter().copied().map(str::to_owned).collect(),
        };
        Keys {
            keys: vec![
                key("strict", Takes::Switch, false, &[]),
                key("target", Takes::Text, true, &[]),
                key("provider", Takes::Text, true, &["blueprints", "keep"]),
                key("blueprints", Takes::Path, false, &[]),
                key("keep", Takes::Switch, false, &[]),
            ],
            others: Vec::new(),
            check: Box::new(|_, _| Ok(())),
        }
    }

    /// What comes of layers, nearest first.
    fn of(texts: &[&str]) -> Configuration {
        let keys = keys();
        let layers = texts.iter().enumerate().map(|(index, text)| {
            let (layer, _, faults) = layer::parse(text, &keys);
            assert!(faults.is_empty(), "{faults:?}");
            (index.to_string().into(), layer)
        });
        merged(layers.collect(), &keys)
    }

    fn values(configuration: &Configuration) -> Vec<(&str, &[String], &str)> {
        let values = configuration.values.iter();
        values
            .map(|(key, it)| (key.as_str(), it.values.as_slice(), it.file.as_str()))
            .collect()
    }

    #[test]
    fn the_nearest_file_decides_a_key() {
        let configuration = of(&[
            "target: []\n",
            "target: a\nstrict: false\n",
            "strict: true\nprovider: [x, y]\n",
        ]);
        assert_eq!(
            values(&configuration),
            [
                ("provider", &["x".to_owned(), "y".to_owned()][..], "2"),
                ("strict", &["false".to_owned()], "1"),
            ]
        );
    }

    #[test]
    fn what_a_nearer_key_excludes_does_not_count() {
        for (near, far, expected) in [
            ("provider: x", "blueprints: b", vec!["provider"]),
            ("blueprints: b", "provider: x", vec!["blueprints"]),
            ("provider: []", "blueprints: b", vec!["blueprints"]),
            ("keep: false", "provider: x", vec!["keep", "provider"]),
            ("keep: true", "provider: x", vec!["keep"]),
        ] {
            let configuration = of(&[near, far]);
            let keys: Vec<&String> = configuration.values.keys().collect();
            assert_eq!(keys, expected, "{near}, {far}");
        }
    }

    #[test]
    fn maps_are_merged() {
        let configuration = of(&[
            "severity: {skeleton: error}\ncodeowners: {owners: {a: 'group:a'}}\n",
            "severity: {skeleton: 'off', lost-field: 'off'}\ncodeowners: {check: false, owners: {a: x, b: 'user:b'}}\n",
        ]);
        let severities = [
            (Code::Skeleton, Level::At(Severity::Error)),
            (Code::LostField, Level::Off),
        ];
        assert_eq!(configuration.severities, BTreeMap::from(severities));
        let owners = [("a", "group:a"), ("b", "user:b")];
        let owners = owners.map(|(owner, entity)| (owner.to_owned(), entity.to_owned()));
        assert_eq!(configuration.codeowners.owners, BTreeMap::from(owners));
        assert!(!configuration.codeowners.is_checked);
        assert!(of(&["codeowners: {}"]).codeowners.is_checked);
        assert!(!of(&["strict: true"]).codeowners.is_checked);
    }

    #[test]
    fn paths_are_normal() {
        for (path, expected) in [
            ("./a/./b", "a/b"),
            ("a/../b", "b"),
            ("a/../../b", "../b"),
            ("../../b", "../../b"),
            ("/a/../../b", "/b"),
            ("a/..", ""),
        ] {
            assert_eq!(normal(path.into()), expected, "{path}");
        }
    }
}
