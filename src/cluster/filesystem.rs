//! What kind of file system a path is on, where the system says so.

use std::path::{Path, PathBuf};

/// Kinds on which machines share files, and locks cannot be relied on.
const SHARED: [&str; 20] = [
    "nfs",
    "nfs4",
    "lustre",
    "gpfs",
    "beegfs",
    "fhgfs_nodev",
    "cifs",
    "smb3",
    "smbfs",
    "ceph",
    "glusterfs",
    "afs",
    "panfs",
    "pvfs2",
    "orangefs",
    "9p",
    "wekafs",
    "quobyte",
    "sshfs",
    "moosefs",
];

/// The kind of the file system of a path, if machines share it.
#[must_use]
pub fn shared_kind(path: &Path) -> Option<String> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    // The path may be still to make.
    let there = path.ancestors().find_map(|path| match path.as_os_str().is_empty() {
        true => std::env::current_dir().ok(),
        false => path.canonicalize().ok(),
    })?;
    shared_kind_in(&mounts, &there)
}

fn shared_kind_in(mounts: &str, path: &Path) -> Option<String> {
    let mount = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        Some((PathBuf::from(point), after.split(' ').next()?.to_owned()))
    };
    // The latest of the deepest: a mount hides what was mounted there before.
    let holding = mounts.lines().filter_map(mount).filter(|(point, _)| path.starts_with(point));
    let (_, kind) = holding.max_by_key(|(point, _)| point.components().count())?;
    let kind = kind.strip_prefix("fuse.").map(str::to_owned).unwrap_or(kind);
    SHARED.contains(&kind.as_str()).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime shared:2 - nfs4 server:/home rw
31 30 0:41 / /home/me/local\\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /scratch rw - lustre mds:/fs rw
33 22 0:43 / /mnt rw - fuse.sshfs me@there: rw
";
        let kind = |path: &str| shared_kind_in(mounts, Path::new(path));
        assert_eq!(kind("/home/me/.local/state").as_deref(), Some("nfs4"));
        assert_eq!(kind("/home/me/local disk/x"), None);
        assert_eq!(kind("/scratch/x").as_deref(), Some("lustre"));
        assert_eq!(kind("/mnt/x").as_deref(), Some("sshfs"));
        assert_eq!(kind("/homes"), None);
        assert_eq!(kind("/tmp"), None);
    }
}
