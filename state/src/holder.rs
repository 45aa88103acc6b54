//! Who holds a lease, and whether that process still exists.

use std::fmt;
use std::fs;
use std::io;
use std::process;
use std::time::SystemTime;

use serde::Deserialize;
use serde::Serialize;

/// A process that holds a lease.
///
/// The fields that identify the process are known on Linux only; elsewhere a holder is never known
/// to be gone, and its lease has to run out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The person or pipeline, in words that help to find them.
    pub who: String,
    /// The host's name.
    pub host: String,
    /// The process id.
    pub pid: u32,
    /// What identifies the process beyond its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessIdentity>,
    /// When the process described itself, in seconds since 1970 by its own clock. For people only:
    /// no decision uses it.
    pub since: u64,
}

/// What makes a process id unique in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessIdentity {
    /// The boot of the kernel it runs on.
    pub boot: String,
    /// The namespace that its process id belongs to.
    pub pid_namespace: String,
    /// When it was started, in ticks since that boot.
    pub started: u64,
}

impl Holder {
    /// Describes this process.
    pub fn this_process(who: impl Into<String>) -> Self {
        let pid = process::id();
        let host = fs::read_to_string("/proc/sys/kernel/hostname");
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            who: who.into(),
            host: host.map_or_else(|_| "an unknown host".to_owned(), |name| name.trim().to_owned()),
            pid,
            process: identify(pid),
            since: since.map_or(0, |since| since.as_secs()),
        }
    }

    /// Whether `observer`, this very process, can see that the holder does not exist any more.
    pub(crate) fn is_seen_gone_by(&self, observer: &Self) -> bool {
        let (Some(process), Some(own)) = (&self.process, &observer.process) else { return false };
        let same_processes = self.host == observer.host
            && process.boot == own.boot
            && process.pid_namespace == own.pid_namespace;
        same_processes
            && match start_of(self.pid) {
                Ok(Some(started)) => started != process.started,
                Ok(None) => true,
                Err(_) => false,
            }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {} on {})", self.who, self.pid, self.host)
    }
}

fn identify(pid: u32) -> Option<ProcessIdentity> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let started = start_of(pid).ok()??;
    Some(ProcessIdentity { boot, pid_namespace: namespace.to_string_lossy().into(), started })
}

/// When a process was started, in ticks since boot. None if there is none that still runs.
fn start_of(pid: u32) -> io::Result<Option<u64>> {
    let text = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let malformed = || io::Error::from(io::ErrorKind::InvalidData);
    // The second field is the program's name in parentheses and may itself hold any character.
    let (_, fields) = text.rsplit_once(')').ok_or_else(malformed)?;
    let mut fields = fields.split_whitespace();
    let state = fields.next().ok_or_else(malformed)?;
    if matches!(state, "Z" | "X") {
        return Ok(None);
    }
    // Field 22 of all; the state was the third.
    fields.nth(18).and_then(|ticks| ticks.parse().ok()).map(Some).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn holder_of(pid: u32) -> Holder {
        Holder { pid, process: identify(pid), ..Holder::this_process("test") }
    }

    #[test]
    fn a_running_process_is_not_gone() {
        let own = Holder::this_process("test");
        assert!(own.process.is_some());
        assert!(!own.is_seen_gone_by(&own));
    }

    #[test]
    fn a_process_is_gone_when_it_has_ended_even_before_its_parent_noticed() {
        let own = Holder::this_process("test");
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let holder = holder_of(child.id());
        assert!(!holder.is_seen_gone_by(&own));
        child.kill().unwrap();
        // `kill` returns before the process is dead; `wait` would remove what this test looks at.
        while !holder.is_seen_gone_by(&own) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(holder.is_seen_gone_by(&own));
    }

    #[test]
    fn another_process_with_the_same_id_is_not_the_holder() {
        let own = Holder::this_process("test");
        let mut earlier = own.clone();
        earlier.process.as_mut().unwrap().started -= 1;
        assert!(earlier.is_seen_gone_by(&own));
    }

    #[test]
    fn nothing_is_known_of_processes_of_another_boot_host_or_namespace() {
        let own = Holder::this_process("test");
        let gone = Holder { pid: u32::MAX, ..own.clone() };
        assert!(gone.is_seen_gone_by(&own));
        let mut other_boot = gone.clone();
        other_boot.process.as_mut().unwrap().boot = "another".into();
        let mut other_namespace = gone.clone();
        other_namespace.process.as_mut().unwrap().pid_namespace = "pid:[1]".into();
        let other_host = Holder { host: "another".into(), ..gone.clone() };
        let unidentified = Holder { process: None, ..gone };
        for holder in [other_boot, other_namespace, other_host, unidentified] {
            assert!(!holder.is_seen_gone_by(&own), "{holder:?}");
        }
    }
}
