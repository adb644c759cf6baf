//! Imports point one way: entry points on top of HTTP, that on top of authentication, that on top of the store, and that
//! on top of the domain.

#![expect(
    clippy::unwrap_used,
    reason = "sources that cannot be read fail the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{ItemUse, UseTree};

/// The modules of the crate, from the bottom to the top. A module imports from its own layer and from those below.
const LAYERS: [(&str, &[&str]); 5] = [
    (
        "domain and platform",
        &[
            "aws",
            "base32",
            "config",
            "content_check",
            "digest",
            "ids",
            "invariant",
            "jwk",
            "net",
            "patch",
            "profile",
            "random",
            "redacted",
            "refresh",
            "sdk_http",
            "telemetry",
            "time",
            "unicode",
            "upload",
            "user",
        ],
    ),
    ("store", &["store"]),
    ("authentication", &["auth"]),
    (
        "HTTP, queues, WeChat and events",
        &[
            "api",
            "error",
            "events",
            "http",
            "moderation",
            "own",
            "queue",
            "secrets",
            "upload_removal",
            "wechat",
        ],
    ),
    ("entry points", &["function"]),
];

/// A path that begins with `crate`, without that, and the file that has it.
type Import = (PathBuf, Vec<String>);

#[derive(Default)]
struct Imports(Vec<Vec<String>>);

impl Imports {
    fn collect(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.collect(&part.tree, path);
            }
            UseTree::Group(group) => {
                let collect = |tree| self.collect(tree, path.clone());
                return group.items.iter().for_each(collect);
            }
            UseTree::Name(name) => path.push(name.ident.to_string()),
            UseTree::Rename(name) => path.push(name.ident.to_string()),
            UseTree::Glob(_) => {}
        }
        self.0.push(path);
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.collect(&item.tree, Vec::new());
    }

    /// `pub(in crate::…)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts = path.segments.iter();
        self.0
            .push(parts.map(|part| part.ident.to_string()).collect());
        syn::visit::visit_path(self, path);
    }
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let nested = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().chain(nested).collect()
}

/// What the files below `folder` take from elsewhere in the crate, with the files' paths below it.
fn imports(folder: &Path) -> Vec<Import> {
    let mut found = Vec::new();
    for file in files(folder) {
        let text = fs::read_to_string(&file).unwrap();
        let mut imports = Imports::default();
        imports.visit_file(&syn::parse_file(&text).unwrap());
        let name = file.strip_prefix(folder).unwrap();
        let paths = imports.0.into_iter();
        let in_crate = paths.filter(|path| path.first().is_some_and(|first| first == "crate"));
        found.extend(in_crate.map(|path| (name.to_owned(), path[1..].to_vec())));
    }
    found
}

/// The module at the top that a file belongs to.
fn module(file: &Path) -> String {
    let first = file.iter().next().unwrap().to_str().unwrap();
    let name = first.trim_end_matches(".rs");
    name.trim_end_matches("_tests").to_owned()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
}

#[test]
fn no_module_imports_one_above_it() {
    let imports = imports(&source());
    assert!(imports.len() > 300, "only {} were found", imports.len());
    let mut wrong = BTreeSet::new();
    for (file, path) in imports {
        let own = module(&file);
        if own == "lib" {
            continue;
        }
        let (Some(from), Some(to)) = (layer(&own), layer(&path[0])) else {
            wrong.insert(format!("{own} or {} has no layer", path[0]));
            continue;
        };
        if to > from {
            let (own, above) = (LAYERS[from].0, LAYERS[to].0);
            let (file, path) = (file.display(), path.join("::"));
            wrong.insert(format!("{file} ({own}) imports {path} ({above})"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_modules_of_the_store_form_no_cycle() {
    let folder = source().join("store");
    let modules: BTreeSet<_> = files(&folder)
        .iter()
        .map(|file| module(file.strip_prefix(&folder).unwrap()))
        .collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut wrong = BTreeSet::new();
    for (file, path) in imports(&folder) {
        let own = module(&file);
        if own == "mod" || path[0] != "store" {
            continue;
        }
        match path.get(1) {
            Some(other) if modules.contains(other) && *other != own => {
                graph.entry(own).or_default().insert(other.clone());
            }
            Some(other) if modules.contains(other) || other == "Store" => {}
            // What the root passes on hides which module it comes from.
            _ => {
                let path = path.join("::");
                wrong.insert(format!(
                    "{} imports {path} by way of the root",
                    file.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Whoever imports nothing of what is left can go; what cannot go is a cycle.
    while !graph.is_empty() {
        let left = graph.clone();
        graph.retain(|_, others| others.iter().any(|other| left.contains_key(other)));
        assert!(graph.len() < left.len(), "a cycle: {left:#?}");
    }
}
