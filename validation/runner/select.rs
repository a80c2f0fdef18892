//! Choosing cases by name with `*`.

/// True if `name` matches `pattern`, where `*` stands for any text; a pattern without `/` also matches a whole group.
pub fn matches(pattern: &str, name: &str) -> bool {
    let group = name.split('/').next().unwrap_or(name);
    let bare = name.rsplit('/').next().unwrap_or(name);
    glob(pattern, name) || (!pattern.contains('/') && (glob(pattern, group) || glob(pattern, bare)))
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| glob(tail, &rest[i..]))
        }),
    }
}
