//! What `docs/defaults.md` says is assumed is what the program assumes: every default of an option of `voxgray dose` stands there, as the command line
//! has it.

use std::collections::BTreeMap;

use clap::{ArgAction, CommandFactory};
use voxgray::cli::Arguments;

/// Defaults of the options of `voxgray dose`: values of its own, or what its help says holds.
fn defaults() -> BTreeMap<String, String> {
    let root = Arguments::command();
    let dose = root.find_subcommand("dose").expect("a command");
    let of = |a: &clap::Arg| {
        let help = a.get_help().map(ToString::to_string).unwrap_or_default();
        let told = help.split_once("[default: ").and_then(|(_, rest)| rest.split(']').next());
        let own = a.get_default_values().first().map(|v| v.to_string_lossy().into_owned());
        let own = own.filter(|_| !matches!(a.get_action(), ArgAction::SetTrue));
        Some((a.get_long()?.to_owned(), own.or(told.map(str::to_owned))?))
    };
    dose.get_arguments().filter_map(of).collect()
}

/// Rows of the page that begin with an option: its default.
fn page() -> BTreeMap<String, String> {
    let text = include_str!("../docs/defaults.md");
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `--")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        Some((name, cells.next()?.trim().to_owned()))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn the_page_has_every_default_of_dose() {
    let (page, program) = (page(), defaults());
    assert!(program.len() > 30, "{program:?}");
    let wrong: Vec<String> = program
        .iter()
        .filter(|(name, default)| page.get(*name) != Some(*default))
        .map(|(name, default)| format!("| `--{name}` | {default} |"))
        .collect();
    assert!(wrong.is_empty(), "docs/defaults.md lacks\n{}", wrong.join("\n"));
    let gone: Vec<&String> = page.keys().filter(|name| !program.contains_key(*name)).collect();
    assert!(gone.is_empty(), "docs/defaults.md has what is no option with a default: {gone:?}");
}
