//! File descriptors: as many as the system allows, and no more connections than there are descriptors for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{ConfigRefused, FEWEST_CONNECTIONS};

/// What everything else needs at least: database, log, files, calls to the carrier.
const FOR_THE_REST: u64 = 256;

/// How many connections may be open of as many as are wanted; fewer where the system gives too few descriptors, and the
/// log says so.
///
/// Shells and supervisors start programs with a limit of 1,024 that any program may raise up to the hard limit.
///
/// # Errors
/// There are fewer than anybody may ask for: the server would run out of them while it works.
pub(super) fn connections_of(wanted: usize) -> Result<usize, ConfigRefused> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of file descriptors could not be raised");
        }
    }
    let descriptors = getrlimit(Resource::Nofile).current;
    let possible = within(wanted, descriptors);
    if possible < wanted.min(FEWEST_CONNECTIONS) {
        return Err(ConfigRefused::new(format!(
            "the system gives this process {} file descriptors, and a server needs {} at least. Raise the limit: \
             `ulimit -n` in a shell, LimitNOFILE= for systemd",
            descriptors.unwrap_or(u64::MAX),
            FOR_THE_REST + FEWEST_CONNECTIONS as u64
        )));
    }
    if possible < wanted {
        tracing::warn!(
            wanted,
            possible,
            descriptors,
            "fewer connections than HTTP_MAX_CONNECTIONS: the system gives too few file descriptors"
        );
    }
    Ok(possible)
}

/// Without a limit there are as many as wanted.
fn within(wanted: usize, descriptors: Option<u64>) -> usize {
    let Some(descriptors) = descriptors else { return wanted };
    let rest = FOR_THE_REST.max(descriptors / 4);
    let possible = descriptors.saturating_sub(rest);
    wanted.min(usize::try_from(possible).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_everything_else() {
        assert_eq!(within(1024, None), 1024);
        assert_eq!(within(1024, Some(20_000)), 1024);
        assert_eq!(within(1024, Some(1024)), 768);
        assert_eq!(within(65_536, Some(65_536)), 49_152);
        assert_eq!(within(1024, Some(100)), 0);
        assert_eq!(within(16, Some(272)), 16);
    }
}
