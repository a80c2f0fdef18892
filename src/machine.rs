//! The memory of this machine that a run may take: what is free, within the limits of its container (cgroup 1 and 2) and of its shell
//! (`ulimit -v`). Neglects what other programs take later, and swap. Only Linux tells; elsewhere nothing is known.

use crate::error::{Error, Result};
use crate::interrupt;

/// Free memory, bytes; none where the system does not tell.
pub fn free_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let free = read("/proc/meminfo").and_then(|t| field_kib(&t, "MemAvailable:"));
    let space = read("/proc/self/limits").and_then(|t| address_space(&t)).map(|limit| {
        let used = read("/proc/self/status").and_then(|t| field_kib(&t, "VmSize:"));
        limit.saturating_sub(used.unwrap_or(0))
    });
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let group = group_files(&groups).into_iter().filter_map(|g| g.free(&read)).min();
    [free, space, group].into_iter().flatten().min()
}

/// Where the system does not tell what is free, bytes.
const UNKNOWN: u64 = 16 << 30;
/// Part of the free memory that a run takes where the user states no limit: tables, buffers and other programs need some too.
const SHARE: f64 = 0.9;

/// The limit of a run where the user states none, bytes.
pub fn default_limit() -> u64 {
    free_memory().map_or(UNKNOWN, |free| (free as f64 * SHARE) as u64)
}

/// Largest resident memory so far, bytes, where the system tells.
pub fn peak_resident() -> Option<u64> {
    field_kib(&std::fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// A line `name   number kB`, in bytes.
fn field_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of the address space in `/proc/self/limits`, bytes; none if there is none.
fn address_space(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Where a group says its limit, its use, and how much of that is files the system can drop.
struct Group {
    limit: String,
    used: String,
    statistics: String,
    droppable: &'static str,
}

impl Group {
    fn free(&self, read: &dyn Fn(&str) -> Option<String>) -> Option<u64> {
        // "max" is no number and no limit.
        let limit: u64 = read(&self.limit)?.trim().parse().ok()?;
        let used: u64 = read(&self.used)?.trim().parse().ok()?;
        let number = |l: &str| l.strip_prefix(self.droppable)?.trim().parse::<u64>().ok();
        let statistics = read(&self.statistics).unwrap_or_default();
        let files = statistics.lines().find_map(number).unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(files)))
    }
}

/// The groups of `/proc/self/cgroup` that may limit memory, with those above them.
fn group_files(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let second = controllers.is_empty();
        if !second && !controllers.split(',').any(|c| c == "memory") {
            continue;
        }
        let root = if second { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" };
        let mut path = path.trim_end_matches('/');
        loop {
            let file = |name: &str| format!("{root}{path}/{name}");
            groups.push(if second {
                Group {
                    limit: file("memory.max"),
                    used: file("memory.current"),
                    statistics: file("memory.stat"),
                    droppable: "inactive_file ",
                }
            } else {
                Group {
                    limit: file("memory.limit_in_bytes"),
                    used: file("memory.usage_in_bytes"),
                    statistics: file("memory.stat"),
                    droppable: "total_inactive_file ",
                }
            });
            let Some((above, _)) = path.rsplit_once('/') else { break };
            path = above;
        }
    }
    groups
}

/// Below this nothing is asked.
const SMALL: u64 = 64 << 20;

/// Refuses what does not fit in memory before any of it is allocated: by what is free, and by a trial that gives the room back.
/// What follows may then allocate as usual. `limit` is what the user allows, in place of what is free.
///
/// # Errors
/// If `needed` bytes for `what` are not there, or the user asked to stop.
pub fn make_room(needed: u64, limit: Option<u64>, what: &str) -> Result<()> {
    interrupt::check()?;
    if needed < SMALL {
        return Ok(());
    }
    let gib = |bytes: u64| format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30));
    let refuse = |why: String| {
        Err(Error::input(
            format!("{what} need {}", gib(needed)),
            why,
            "Crop or downsample the images, or use a machine with more memory.",
        ))
    };
    match limit.or_else(free_memory) {
        Some(free) if needed > free => {
            return refuse(format!(
                "{} are free on this machine, within the limits of its container and shell",
                gib(free)
            ));
        }
        _ => {}
    }
    let mut trial: Vec<u8> = Vec::new();
    match usize::try_from(needed).map(|n| trial.try_reserve_exact(n)) {
        Ok(Ok(())) => Ok(()),
        _ => refuse("the system does not give that much memory".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_system_writes_them() {
        let info = "MemTotal:       24000000 kB\nMemAvailable:    1000 kB\n";
        assert_eq!(field_kib(info, "MemAvailable:"), Some(1_024_000));
        let limits = "Max stack size            8388608              unlimited            bytes\n\
                      Max address space         2147483648           unlimited            bytes\n";
        assert_eq!(address_space(limits), Some(1 << 31));
        assert_eq!(address_space(&limits.replace("2147483648", "unlimited ")), None);
        let limits_of = |text: &str| -> Vec<String> {
            group_files(text).into_iter().map(|g| g.limit).collect()
        };
        assert_eq!(
            limits_of("0::/a/b\n"),
            [
                "/sys/fs/cgroup/a/b/memory.max",
                "/sys/fs/cgroup/a/memory.max",
                "/sys/fs/cgroup/memory.max"
            ]
        );
        assert_eq!(
            limits_of("5:cpu:/x\n4:memory:/x\n"),
            [
                "/sys/fs/cgroup/memory/x/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
    }

    #[test]
    fn a_group_has_free_what_it_does_not_hold_or_can_drop() {
        let [group] = &group_files("0::/\n")[..] else { panic!("one group") };
        let with = |limit: &'static str| {
            move |path: &str| {
                Some(match path.rsplit('/').next()? {
                    "memory.max" => limit.to_string(),
                    "memory.current" => "700\n".into(),
                    _ => "anon 300\ninactive_file 400\nactive_file 0\n".into(),
                })
            }
        };
        assert_eq!(group.free(&with("1000\n")), Some(700));
        assert_eq!(group.free(&with("max\n")), None);
    }

    #[test]
    fn room_is_made_or_refused_before_it_is_taken() {
        assert!(make_room(100 << 20, None, "voxels").is_ok());
        let error = make_room(1 << 45, None, "voxels").unwrap_err().to_string();
        assert!(error.contains("voxels need 32768.00 GiB"), "{error}");
        // More than any address space holds, whatever the user allows.
        assert!(make_room(1 << 62, Some(u64::MAX), "voxels").is_err());
        assert!(make_room(100 << 20, Some(1 << 20), "voxels").is_err());
    }
}
