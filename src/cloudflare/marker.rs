//! Whose an object is: the marker in its comment or description.
//!
//! DNS records of one name may belong to several people, so ours carry `pointsman:<service>`. Pools
//! and balancers are named one by one in the config, and that line is their adoption; what we
//! create is marked all the same, and what is marked for somebody else is never touched.

use crate::ids::{MonitorId, ServiceId};

/// What the comment of a DNS record begins with if the record is ours. The service's id follows.
pub const MARKER: &str = "pointsman:";
/// What comes before the id of a monitor.
const MONITOR: &str = "monitor:";

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'m> {
    /// The service's.
    Ours,
    /// Another service's, or another deployment's.
    Other(&'m str),
    /// It does not say.
    Unmarked,
}

/// What marks an object of a service.
pub(super) fn of(service: &ServiceId) -> String {
    format!("{MARKER}{service}")
}

/// What marks a monitor, and is its name in a plan.
pub(super) fn of_monitor(monitor: &MonitorId) -> String {
    format!("{MARKER}{MONITOR}{monitor}")
}

/// Reads a comment or description: the marker is its first word, and people may add to it.
pub(super) fn owner<'m>(text: Option<&'m str>, service: &ServiceId) -> Owner<'m> {
    let word = text.unwrap_or_default().split_whitespace().next().unwrap_or_default();
    match word.strip_prefix(MARKER) {
        None => Owner::Unmarked,
        Some(id) if id == service.as_str() => Owner::Ours,
        Some(id) => Owner::Other(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_says_whose_it_is() {
        let files = ServiceId::parse("files").unwrap();
        let whose = |text: &'static str| owner(Some(text), &files);
        assert_eq!(whose("pointsman:files"), Owner::Ours);
        assert_eq!(whose("pointsman:files kept by the platform team"), Owner::Ours);
        assert_eq!(whose("pointsman:files-eu"), Owner::Other("files-eu"));
        assert_eq!(whose("see pointsman:files"), Owner::Unmarked);
        assert_eq!(whose(""), Owner::Unmarked);
        assert_eq!(owner(None, &files), Owner::Unmarked);
    }
}
