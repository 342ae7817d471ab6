//! Changes and rings of bells as messages to other servers. Two neighbouring versions read each other's.

use domain::call::CallStatus;
use domain::ids::WorkspaceId;
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::wake::Bells;

/// What another server says.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Which run of which server.
    pub run: String,
    /// What changed, in order.
    pub changes: Vec<(WorkspaceId, Subject)>,
    /// Whose bell rings.
    pub bells: Bells,
}

#[derive(Serialize, Deserialize)]
struct Written {
    run: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    dialer: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    reconciler: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<WrittenChange>,
}

#[derive(Serialize, Deserialize)]
struct WrittenChange {
    workspace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    campaign: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    import: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// Of all campaigns. A version that does not know it reads that changes were missed, which is right, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    all: bool,
}

/// Writes messages of at most `longest` bytes each.
pub fn write(run: &str, changes: Vec<(WorkspaceId, Subject)>, bells: Bells, longest: usize) -> Vec<String> {
    let empty = || Written { run: run.to_owned(), dialer: false, reconciler: false, changes: Vec::new() };
    let mut messages = Vec::new();
    let mut current = Written { dialer: bells.dialer, reconciler: bells.reconciler, ..empty() };
    let mut length = text_of(&current).len() + 16;
    for (workspace, subject) in changes {
        let change = WrittenChange::of(workspace, &subject);
        let more = text_of(&change).len() + 1;
        if length + more > longest && !current.changes.is_empty() {
            messages.push(text_of(&std::mem::replace(&mut current, empty())));
            length = text_of(&current).len() + 16;
        }
        length += more;
        current.changes.push(change);
    }
    if current.dialer || current.reconciler || !current.changes.is_empty() {
        messages.push(text_of(&current));
    }
    messages
}

/// Reads a message; `None` when it is not one that this version understands.
pub fn read(text: &str) -> Option<Message> {
    let Written { run, dialer, reconciler, changes } = serde_json::from_str(text).ok()?;
    let changes = changes.into_iter().map(WrittenChange::read).collect::<Option<Vec<_>>>()?;
    Some(Message { run, changes, bells: Bells { dialer, reconciler } })
}

fn text_of(value: &impl Serialize) -> String {
    // Strings, flags and lists of them always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

impl WrittenChange {
    fn of(workspace: WorkspaceId, subject: &Subject) -> Self {
        let mut written = Self {
            workspace: workspace.to_string(),
            call: None,
            campaign: None,
            import: None,
            status: None,
            all: false,
        };
        match subject {
            Subject::Call { call, campaign, status } => {
                written.call = Some(call.to_string());
                written.campaign = Some(campaign.to_string());
                written.status = Some((*status).to_owned());
            }
            Subject::Campaign { campaign } => written.campaign = Some(campaign.to_string()),
            Subject::Import { import } => written.import = Some(import.to_string()),
            Subject::Workspace => written.all = true,
            Subject::Missed => {}
        }
        written
    }

    fn read(self) -> Option<(WorkspaceId, Subject)> {
        let subject = match (self.call, self.campaign, self.import) {
            (Some(call), Some(campaign), None) => Subject::Call {
                call: call.parse().ok()?,
                campaign: campaign.parse().ok()?,
                status: CallStatus::parse(&self.status?)?.as_str(),
            },
            (None, Some(campaign), None) => Subject::Campaign { campaign: campaign.parse().ok()? },
            (None, None, Some(import)) => Subject::Import { import: import.parse().ok()? },
            (None, None, None) if self.all => Subject::Workspace,
            (None, None, None) => Subject::Missed,
            _ => return None,
        };
        Some((self.workspace.parse().ok()?, subject))
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{CallId, CampaignId, ImportId};
    use uuid::Uuid;

    use super::*;

    fn changes(count: u128) -> Vec<(WorkspaceId, Subject)> {
        let workspace = WorkspaceId::from_uuid(Uuid::from_u128(7));
        let campaign = CampaignId::from_uuid(Uuid::from_u128(8));
        let subject = |n| match n % 5 {
            0 => {
                Subject::Call { call: CallId::from_uuid(Uuid::from_u128(n)), campaign, status: "in-progress" }
            }
            1 => Subject::Campaign { campaign },
            2 => Subject::Import { import: ImportId::from_uuid(Uuid::from_u128(n)) },
            3 => Subject::Workspace,
            _ => Subject::Missed,
        };
        (0..count).map(|n| (workspace, subject(n))).collect()
    }

    #[test]
    fn what_is_written_is_read_in_order_and_no_message_is_too_long() {
        let bells = Bells { dialer: true, reconciler: false };
        let messages = write("node_1", changes(1_000), bells, 2_000);
        assert!(messages.len() > 10 && messages.iter().all(|text| text.len() <= 2_000));
        let read: Vec<Message> = messages.iter().map(|text| read(text).expect("understood")).collect();
        let rings = read.iter().filter(|message| message.bells.dialer).count();
        assert_eq!(rings, 1, "the bell rings once");
        assert_eq!(read.into_iter().flat_map(|message| message.changes).collect::<Vec<_>>(), changes(1_000));
    }

    #[test]
    fn nothing_to_say_is_no_message_and_nonsense_is_not_understood() {
        assert!(write("node_1", Vec::new(), Bells::default(), 2_000).is_empty());
        for nonsense in ["", "{}", "[]", r#"{"run":"a","changes":[{"workspace":"x"}]}"#] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
