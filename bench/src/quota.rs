//! The share of a CPU that Lambda gives to a memory size, by way of a control group.
//!
//! Lambda gives a full vCPU at 1,769 MB and less in proportion, by its documentation. That the share is dealt out in
//! periods of 20 ms is what people have measured from inside.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The period in which the share is dealt out.
pub(crate) const PERIOD: Duration = Duration::from_millis(20);
/// What a full vCPU takes.
const FULL_MB: u32 = 1769;

/// A control group that limits the CPU time of what is in it. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Quota {
    group: PathBuf,
}

impl Quota {
    /// A group with the share of that memory size.
    ///
    /// # Errors
    /// If the kernel has no such groups, or this user may not make one.
    pub(crate) fn new(memory_mb: u32) -> Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let name = format!("bench-{}-{memory_mb}", std::process::id());
        let period = PERIOD.as_micros();
        let quota = period * u128::from(memory_mb) / u128::from(FULL_MB);
        let mut reasons = Vec::new();
        for (parent, version) in parents(&mounts, &own) {
            let group = Self {
                group: parent.join(&name),
            };
            let made = fs::create_dir(&group.group).and_then(|()| match version {
                Version::One => {
                    fs::write(group.group.join("cpu.cfs_period_us"), period.to_string())?;
                    fs::write(group.group.join("cpu.cfs_quota_us"), quota.to_string())
                }
                Version::Two => fs::write(group.group.join("cpu.max"), format!("{quota} {period}")),
            });
            match made {
                Ok(()) => return Ok(group),
                Err(error) => reasons.push(format!("{}: {error}", group.group.display())),
            }
        }
        bail!("no control group could be made ({})", reasons.join("; "))
    }

    /// Puts a process under the quota.
    pub(crate) fn apply(&self, pid: u32) -> Result<()> {
        let file = self.group.join("cgroup.procs");
        fs::write(&file, pid.to_string()).with_context(|| file.display().to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A process that was killed leaves its group a moment later.
        for _ in 0..50 {
            if fs::remove_dir(&self.group).is_ok() || !self.group.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// Where a group may be made: beneath one's own, and failing that beneath the root's. In the second version a group that
/// holds processes can have no limited children, but for the root.
fn parents(mounts: &str, own: &str) -> Vec<(PathBuf, Version)> {
    let mut parents = Vec::new();
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let point = Path::new(left.split(' ').nth(4).unwrap_or_default());
        let mut right = right.split(' ');
        let (kind, options) = (right.next(), right.nth(1).unwrap_or_default());
        let version = match kind {
            Some("cgroup") if options.split(',').any(|option| option == "cpu") => Version::One,
            Some("cgroup2") => Version::Two,
            _ => continue,
        };
        let path = own.lines().find_map(|line| own_path(line, version));
        let path = path.unwrap_or("/").trim_start_matches('/');
        parents.push((point.join(path), version));
        if !path.is_empty() {
            parents.push((point.to_owned(), version));
        }
    }
    parents
}

fn own_path(line: &str, version: Version) -> Option<&str> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let ours = match version {
        Version::One => controllers.split(',').any(|controller| controller == "cpu"),
        Version::Two => controllers.is_empty(),
    };
    ours.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_found_and_the_own_group_comes_first() {
        let one = "31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                   32 24 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset";
        let found = parents(one, "4:cpuset:/x\n3:cpu,cpuacct:/user\n0::/y");
        assert_eq!(
            found[0],
            (
                PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/user"),
                Version::One
            )
        );
        assert_eq!(found[1].0, Path::new("/sys/fs/cgroup/cpu,cpuacct"));
        let two = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate";
        let found = parents(two, "0::/");
        assert_eq!(found, [(PathBuf::from("/sys/fs/cgroup"), Version::Two)]);
        assert!(parents("", "").is_empty());
    }
}
