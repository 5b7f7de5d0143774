//! The layout of `src/`: the direction of the layers, no circle of imports, and no table outside the
//! layers that own the data. The test reads the `use` lines and the `crate::` paths of every file.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets the unexpected has failed, and says so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module path without the leading `crate`.
type ModulePath = Vec<String>;

/// Every layer from `keys` and `mail` upwards, but `views`, may import these.
const FOUNDATION: [&str; 6] = ["domain", "config", "clock", "metrics", "logging", "db"];

/// Top-level modules that stand below the foundation or beside the layers: they may import only what
/// their own row names.
const WITHOUT_FOUNDATION: [&str; 7] = [
    "domain", "clock", "metrics", "config", "logging", "db", "views",
];

/// Each top-level module, and the top-level modules that it may import.
const MAY_IMPORT: [(&str, &[&str]); 18] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("metrics", &["domain"]),
    ("config", &["domain"]),
    ("logging", &["domain", "config"]),
    ("db", &["domain", "config", "clock", "metrics", "logging"]),
    ("keys", &[]),
    ("mail", &[]),
    ("sign_in", &["keys", "mail"]),
    ("accounts", &["keys", "mail", "sign_in"]),
    ("operations", &["keys", "mail", "sign_in", "accounts"]),
    ("views", &["domain"]),
    ("error", &["sign_in", "accounts", "operations", "views"]),
    (
        "web",
        &[
            "keys",
            "mail",
            "sign_in",
            "accounts",
            "operations",
            "views",
            "error",
        ],
    ),
    ("routes", &["error", "web"]),
    (
        "server",
        &[
            "keys",
            "mail",
            "sign_in",
            "accounts",
            "operations",
            "views",
            "error",
            "web",
            "routes",
        ],
    ),
    (
        "cli",
        &[
            "keys",
            "mail",
            "sign_in",
            "accounts",
            "operations",
            "error",
            "server",
        ],
    ),
    ("main", &["cli"]),
];

/// Modules that call verbs and know no table.
const CALLS_VERBS: [&str; 4] = ["cli", "server", "routes", "web"];

/// Files that implement a trait of a library whose methods have untyped errors.
const FOREIGN_ERRORS: [&str; 1] = ["sign_in/provider/token_key.rs"];

struct Source {
    file: String,
    module: ModulePath,
    /// Paths of private `use` lines and of `crate::` paths in the code.
    imports: BTreeSet<ModulePath>,
    /// The name that a `pub use` gives to a path.
    exports: BTreeMap<String, ModulePath>,
}

struct House {
    sources: Vec<Source>,
    modules: BTreeMap<ModulePath, usize>,
}

impl House {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        collect(&root, &mut files);
        files.sort();
        let modules: BTreeMap<_, _> = files
            .iter()
            .enumerate()
            .map(|(number, file)| (module_of(&root, file), number))
            .collect();
        let sources = files
            .iter()
            .map(|file| {
                let module = module_of(&root, file);
                Source::parse(&root, file, module, &modules)
            })
            .collect();
        Self { sources, modules }
    }

    /// The file that defines what a path names. A `pub use` leads on to the file behind it.
    fn defining_file(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        for _ in 0..10 {
            let depth = (1..=path.len())
                .rev()
                .find(|depth| self.modules.contains_key(&path[..*depth]))?;
            let number = self.modules[&path[..depth]];
            let exported = path
                .get(depth)
                .and_then(|name| self.sources[number].exports.get(name));
            match exported {
                Some(target) => {
                    let rest = path.split_off(depth + 1);
                    path = [target.clone(), rest].concat();
                }
                None => return Some(number),
            }
        }
        None
    }

    fn arrows(&self) -> Vec<BTreeSet<usize>> {
        self.sources
            .iter()
            .enumerate()
            .map(|(number, source)| {
                source
                    .imports
                    .iter()
                    .filter_map(|path| self.defining_file(path))
                    .filter(|target| *target != number)
                    .collect()
            })
            .collect()
    }
}

impl Source {
    fn parse(
        root: &Path,
        file: &Path,
        module: ModulePath,
        modules: &BTreeMap<ModulePath, usize>,
    ) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let code = without_tests_and_comments(&text);
        let mut imports = BTreeSet::new();
        let mut exports = BTreeMap::new();
        for statement in use_statements(&code) {
            for (path, name) in leaves(&statement.tree) {
                let Some(path) = absolute(&path, &module, modules) else {
                    continue;
                };
                if statement.is_public {
                    exports.insert(name, path);
                } else {
                    imports.insert(path);
                }
            }
        }
        imports.extend(crate_paths(&code));
        Self {
            file: file.strip_prefix(root).unwrap().display().to_string(),
            module,
            imports,
            exports,
        }
    }

    fn top(&self) -> &str {
        self.module.first().map_or("main", String::as_str)
    }
}

struct UseStatement {
    is_public: bool,
    tree: String,
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn module_of(root: &Path, file: &Path) -> ModulePath {
    let relative = file.strip_prefix(root).unwrap().with_extension("");
    let parts: ModulePath = relative
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if parts == ["lib"] { Vec::new() } else { parts }
}

/// Drops `#[cfg(test)] mod tests` and what follows, and every line comment.
fn without_tests_and_comments(text: &str) -> String {
    let code = text.split("#[cfg(test)]\n").next().unwrap_or_default();
    code.lines()
        .map(|line| line.find("//").map_or(line, |at| &line[..at]))
        .collect::<Vec<_>>()
        .join("\n")
}

fn use_statements(code: &str) -> Vec<UseStatement> {
    let mut found = Vec::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        let (is_public, mut tree) = match line.split_once("use ") {
            Some(("", tree)) => (false, tree.to_owned()),
            Some((before, tree)) if before.starts_with("pub") => (true, tree.to_owned()),
            _ => continue,
        };
        while !tree.contains(';') {
            let Some(next) = lines.next() else { break };
            tree.push_str(next.trim());
        }
        let tree = tree.split(';').next().unwrap_or_default().to_owned();
        found.push(UseStatement { is_public, tree });
    }
    found
}

/// Every path of a use tree with the name that it brings into scope.
fn leaves(tree: &str) -> Vec<(ModulePath, String)> {
    let tree = tree.trim();
    if let Some((prefix, group)) = tree.split_once('{') {
        let prefix = segments(prefix.trim_end_matches("::"));
        let group = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
        return split_group(group)
            .into_iter()
            .flat_map(leaves)
            .map(|(path, name)| ([prefix.clone(), path].concat(), name))
            .map(|(path, name)| match path.split_last() {
                Some((last, module)) if last == "self" => {
                    (module.to_vec(), module.last().cloned().unwrap_or(name))
                }
                _ => (path, name),
            })
            .collect();
    }
    let (path, name) = match tree.split_once(" as ") {
        Some((path, name)) => (segments(path), name.trim().to_owned()),
        None => {
            let path = segments(tree);
            let name = path.last().cloned().unwrap_or_default();
            (path, name)
        }
    };
    vec![(path, name)]
}

fn segments(path: &str) -> ModulePath {
    path.split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

fn split_group(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .collect()
}

/// `None` for a path into another crate.
fn absolute(
    path: &[String],
    module: &[String],
    modules: &BTreeMap<ModulePath, usize>,
) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" | "vestibule" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" => {
            let supers = path.iter().take_while(|part| *part == "super").count();
            let above = &module[..module.len().checked_sub(supers)?];
            Some([above, &path[supers..]].concat())
        }
        _ => {
            let child = [module, &path[..1]].concat();
            modules
                .contains_key(&child)
                .then(|| [module, path].concat())
        }
    }
}

/// Paths that begin with `crate::` outside `use` lines.
fn crate_paths(code: &str) -> Vec<ModulePath> {
    code.split("crate::")
        .skip(1)
        .map(|after| {
            let end = after
                .find(|character: char| !character.is_alphanumeric() && !"_:".contains(character))
                .unwrap_or(after.len());
            segments(&after[..end])
        })
        .filter(|path| !path.is_empty())
        .collect()
}

/// Files that reach themselves over imports, grouped by circle (Tarjan's algorithm would be faster; the
/// tree is small).
fn circles(arrows: &[BTreeSet<usize>]) -> BTreeSet<BTreeSet<usize>> {
    let reach: Vec<_> = (0..arrows.len())
        .map(|from| reachable(from, arrows))
        .collect();
    (0..arrows.len())
        .filter(|file| reach[*file].contains(file))
        .map(|file| {
            reach[file]
                .iter()
                .copied()
                .filter(|other| reach[*other].contains(&file))
                .collect()
        })
        .collect()
}

fn reachable(from: usize, arrows: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next: Vec<_> = arrows[from].iter().copied().collect();
    while let Some(file) = next.pop() {
        if found.insert(file) {
            next.extend(&arrows[file]);
        }
    }
    found
}

#[test]
fn every_import_points_down_the_layers() {
    let house = House::read();
    let allowed: BTreeMap<_, _> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    for (source, targets) in house.sources.iter().zip(house.arrows()) {
        let layers = allowed
            .get(source.top())
            .unwrap_or_else(|| panic!("src/{} is in no layer", source.file));
        for target in targets.into_iter().map(|number| &house.sources[number]) {
            let top = target.top();
            let is_foundation =
                FOUNDATION.contains(&top) && !WITHOUT_FOUNDATION.contains(&source.top());
            if top != source.top() && !is_foundation && !layers.contains(&top) {
                wrong.push(format!("{} imports {}", source.file, target.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let house = House::read();
    let arrows = house.arrows();
    let circles: Vec<_> = circles(&arrows)
        .into_iter()
        .map(|circle| {
            let ties = circle.iter().flat_map(|from| {
                let within = arrows[*from].intersection(&circle);
                within.map(|to| {
                    let (from, to) = (&house.sources[*from].file, &house.sources[*to].file);
                    format!("  {from} imports {to}")
                })
            });
            ties.collect::<Vec<_>>().join("\n")
        })
        .collect();
    assert!(
        circles.is_empty(),
        "circles of imports:\n{}",
        circles.join("\n\n")
    );
}

#[test]
fn pages_and_commands_import_no_table_and_no_row() {
    let house = House::read();
    let mut wrong = Vec::new();
    for (source, targets) in house.sources.iter().zip(house.arrows()) {
        if !CALLS_VERBS.contains(&source.top()) {
            continue;
        }
        for target in targets.into_iter().map(|number| &house.sources[number]) {
            let is_engine = target.module.get(1).is_none_or(|part| part == "engine");
            if target.top() == "db" && !is_engine {
                wrong.push(format!("{} imports {}", source.file, target.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_follow_one_style_and_errors_are_types() {
    let house = House::read();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for source in &house.sources {
        if source.file.ends_with("mod.rs") {
            wrong.push(format!("{}: name it after its folder", source.file));
        }
        let text = fs::read_to_string(root.join(&source.file)).unwrap();
        let code = without_tests_and_comments(&text);
        let flat: String = code.split_whitespace().collect();
        let is_exempt = FOREIGN_ERRORS.contains(&source.file.as_str());
        if !is_exempt && flat.contains(",String>{") && flat.contains("Result<") {
            for (number, line) in code.lines().enumerate() {
                if line.contains("Result<") && line.contains(", String>") {
                    wrong.push(format!(
                        "{}:{}: an error without a type",
                        source.file,
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
